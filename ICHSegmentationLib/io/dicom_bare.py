"""DICOM as some archives export it: a bare data set, without the preamble that says so (PS3.10, 7.1)."""

import struct

from pydicom import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

_MAGIC_AT, _MAGIC = 128, b"DICM"
_FIRST_GROUPS = (0x0002, 0x0008)
_SOP_CLASS = 0x0016  # in either group the class of the object, or what comes after it
_STORED_OBJECT = b"1.2.840.10008.5.1.4.1.1."
_WITHIN = 1024


def is_bare(beginning: bytes) -> bool:
    """Whether a file that begins so is a data set with the class of a stored object, and no preamble."""
    if len(beginning) < 4 or beginning[_MAGIC_AT:].startswith(_MAGIC):
        return False
    group, element = struct.unpack("<HH", beginning[:4])
    return group in _FIRST_GROUPS and element <= _SOP_CLASS and _STORED_OBJECT in beginning[:_WITHIN]


def tell_syntax(dataset: Dataset) -> None:
    """Write down the transfer syntax that a bare data set was found to have, where it does not tell it."""
    if "TransferSyntaxUID" not in dataset.file_meta:
        is_implicit, _ = dataset.original_encoding
        dataset.file_meta.TransferSyntaxUID = (
            ImplicitVRLittleEndian if is_implicit else ExplicitVRLittleEndian
        )
