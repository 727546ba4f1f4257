"""The labels of a segmentation, defined once: value, name, SNOMED CT terminology and colour.

Value 1 is hemorrhage whose subtype nobody has told, so that a plain binary mask means what its author
meant. Type, category and regions are codes of SNOMED CT (SCT), as DICOM CID 7151 and Slicer have them;
neither names the epidural space, so epidural hemorrhage stands in the wider "Intracranial".
"""

from dataclasses import dataclass

from .errors import UnknownLabelError


@dataclass(frozen=True)
class Code:
    """A coded concept of SNOMED CT."""

    value: str
    meaning: str
    scheme: str = "SCT"


@dataclass(frozen=True)
class Label:
    """One label value and everything that names or shows it.

    ``colour`` is RGB in 0..255. ``tada`` tells whether the Tada formula is ever meant for this label.
    """

    value: int
    id: str
    name: str
    abbreviation: str
    region: Code
    colour: tuple[int, int, int]
    tada: bool


CATEGORY = Code("49755003", "Morphologically Altered Structure")
TYPE = Code("50960005", "Hemorrhage")

_BRAIN = Code("12738006", "Brain")
_INTRACRANIAL = Code("1101003", "Intracranial")

HEMORRHAGE = Label(1, "hemorrhage", "Hemorrhage", "ICH", _INTRACRANIAL, (230, 60, 50), True)
INTRAPARENCHYMAL = Label(
    2, "intraparenchymal", "Intraparenchymal hemorrhage", "IPH", _BRAIN, (220, 50, 47), True
)
INTRAVENTRICULAR = Label(
    3, "intraventricular", "Intraventricular hemorrhage", "IVH",
    Code("35764002", "Brain ventricle"), (38, 139, 210), False,
)  # fmt: skip
SUBARACHNOID = Label(
    4, "subarachnoid", "Subarachnoid hemorrhage", "SAH",
    Code("35951006", "Subarachnoid space"), (181, 137, 0), False,
)  # fmt: skip
SUBDURAL = Label(
    5, "subdural", "Subdural hemorrhage", "SDH",
    Code("54214006", "Subdural space"), (108, 113, 196), True,
)  # fmt: skip
EPIDURAL = Label(
    6, "epidural", "Epidural hemorrhage", "EDH",
    _INTRACRANIAL, (42, 161, 82), True,
)  # fmt: skip

LABELS: tuple[Label, ...] = (
    HEMORRHAGE, INTRAPARENCHYMAL, INTRAVENTRICULAR, SUBARACHNOID, SUBDURAL, EPIDURAL,
)  # fmt: skip
SUBTYPES: tuple[Label, ...] = LABELS[1:]

_BY_VALUE = {label.value: label for label in LABELS}
_BY_ID = {label.id: label for label in LABELS}


def label_of(value: int) -> Label:
    """The label with this voxel value.

    Raises:
        UnknownLabelError: no label has it.
    """
    try:
        return _BY_VALUE[int(value)]
    except KeyError:
        known = ", ".join(f"{label.value} {label.id}" for label in LABELS)
        raise UnknownLabelError(
            f"The mask holds the value {value}, which is no label.", f"Known labels: 0 background, {known}."
        ) from None


def label_named(name: str) -> Label:
    """The label with this ``id``.

    Raises:
        UnknownLabelError: no label has it.
    """
    try:
        return _BY_ID[name]
    except KeyError:
        raise UnknownLabelError(
            f"There is no label named '{name}'.", f"Known labels: {', '.join(_BY_ID)}."
        ) from None
