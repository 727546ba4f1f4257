"""Headers that scanners and archives get by with, and that nothing new can be made of as they are.

What a DICOM SEG, a report or a picture takes over from its series is checked on the way, more strictly than
any archive does.
"""

import warnings
from collections.abc import Callable

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.valuerep import DA, TM

_UTF_8 = "ISO_IR 192"
_SEXES = ("M", "F", "O")
_NAMES = ("PatientName", "ReferringPhysicianName")


def mend(header: Dataset) -> None:
    """Change a header, in place, to one that objects can be made of.

    Text is brought to UTF-8, which every text of ours can be written in too. A date, time or sex that DICOM
    does not know is emptied, as an unknown one is. Of several names, where there may be one, the first stays.
    """
    _to_utf_8(header)
    _empty_unless(header, "PatientBirthDate", DA)
    _empty_unless(header, "StudyDate", DA)
    _empty_unless(header, "StudyTime", TM)
    sex = str(header.get("PatientSex") or "").upper()
    header.PatientSex = sex if sex in _SEXES else ""
    for name in _NAMES:
        value = header.get(name)
        if isinstance(value, MultiValue):
            setattr(header, name, value[0])


def _to_utf_8(header: Dataset) -> None:
    """Nothing changes where a header names no character set: its text is ASCII, or cannot be told."""
    if header.get("SpecificCharacterSet", _UTF_8) == _UTF_8:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of unknown sets and damaged text, with the text
        header.decode()
    header.SpecificCharacterSet = _UTF_8


def _empty_unless(header: Dataset, name: str, kind: Callable[[str], object]) -> None:
    try:
        kind(header.get(name) or "")
    except ValueError:
        setattr(header, name, "")
