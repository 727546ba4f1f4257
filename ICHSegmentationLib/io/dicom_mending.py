"""Headers that scanners and archives get by with, and that nothing new can be made of as they are.

What a DICOM SEG, a report or a picture takes over from its series is checked on the way, more strictly than
any archive does.
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.valuerep import DA, TM

UTF_8 = "ISO_IR 192"
_KEPT = (
    UTF_8,
    "GB18030",
    "GBK",
    *(f"ISO_IR {n}" for n in (100, 101, 109, 110, 126, 127, 138, 144, 148, 166)),
)
_TEXT = ("LO", "LT", "PN", "SH", "ST", "UC", "UT")
_SEXES = ("M", "F", "O")
_NAMES = ("PatientName", "ReferringPhysicianName")


def mend(header: Dataset) -> None:
    """Change a header, in place, to one that objects can be made of.

    Text in several character sets, or in an unknown one, is brought to UTF-8. A date, time or sex that DICOM
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


@contextmanager
def names_of_one_part() -> Iterator[None]:
    """Hear no warnings of patients' names with one part: new objects have them as the series does."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The string .* person name")
        yield


def is_utf_8(header: Dataset) -> bool:
    """Whether all text of a header may as well be in UTF-8: it is, or it is ASCII, whatever set is named."""
    return header.get("SpecificCharacterSet") == UTF_8 or all(
        str(element.value).isascii() for element in header if element.VR in _TEXT
    )


def _to_utf_8(header: Dataset) -> None:
    """A single set, or none, is kept: where it is not the one that names are really in, archives know."""
    if header.get("SpecificCharacterSet", UTF_8) in _KEPT:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of unknown sets and damaged text, with the text
        header.decode()
    header.SpecificCharacterSet = UTF_8


def _empty_unless(header: Dataset, name: str, kind: Callable[[str], object]) -> None:
    try:
        kind(header.get(name) or "")
    except ValueError:
        setattr(header, name, "")
