"""DICOM by its first bytes; as some archives export it, without the preamble that says so (PS3.10, 7.1)."""

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydicom import Dataset

_MAGIC_AT, _MAGIC = 128, b"DICM"
_FIRST_GROUPS = (0x0002, 0x0008)
_SOP_CLASS = 0x0016  # in either group the class of the object, or what comes after it
_STORED_OBJECT = b"1.2.840.10008.5.1.4.1.1."

BEGINNING = 1024
"""How many bytes of a file tell."""


def has_preamble(beginning: bytes) -> bool:
    """Whether a file that begins so says itself that it is DICOM."""
    return beginning[_MAGIC_AT:].startswith(_MAGIC)


def is_bare(beginning: bytes) -> bool:
    """Whether a file that begins so is a data set with the class of a stored object, and no preamble."""
    if len(beginning) < 4 or has_preamble(beginning):
        return False
    group, element = struct.unpack("<HH", beginning[:4])
    return group in _FIRST_GROUPS and element <= _SOP_CLASS and _STORED_OBJECT in beginning[:BEGINNING]


def tell_syntax(dataset: "Dataset") -> None:
    """Write down the transfer syntax that a bare data set was found to have, where it does not tell it."""
    from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

    if "TransferSyntaxUID" not in dataset.file_meta:
        is_implicit, _ = dataset.original_encoding
        dataset.file_meta.TransferSyntaxUID = (
            ImplicitVRLittleEndian if is_implicit else ExplicitVRLittleEndian
        )
