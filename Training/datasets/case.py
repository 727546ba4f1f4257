"""What the training knows of one scan, whichever data set it comes from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ICHSegmentationLib.labels import SUBTYPES

SUBTYPE_IDS: tuple[str, ...] = tuple(sorted(label.id for label in SUBTYPES))
"""Epidural, intraparenchymal, intraventricular, subarachnoid, subdural: in the order of RSNA's table."""

HELD_OUT: tuple[str, ...] = ("validation", "test")
"""The splits that no fold ever trains or selects on."""


@dataclass(frozen=True)
class SliceLabel:
    """What readers saw on one slice, or on a whole scan.

    ``any`` may be True without a subtype: not every data set tells them apart.
    """

    any: bool = False
    epidural: bool = False
    intraparenchymal: bool = False
    intraventricular: bool = False
    subarachnoid: bool = False
    subdural: bool = False

    @classmethod
    def of(cls, subtypes: "frozenset[str] | set[str]", any: bool = False) -> "SliceLabel":
        """With these subtype ids; one of them is enough for ``any``."""
        return cls(any=any or bool(subtypes), **{subtype: True for subtype in subtypes})

    @property
    def subtypes(self) -> tuple[str, ...]:
        """The ids of the subtypes that are there."""
        return tuple(subtype for subtype in SUBTYPE_IDS if getattr(self, subtype))

    @property
    def flags(self) -> tuple[bool, ...]:
        """Any, then the subtypes in the order of ``SUBTYPE_IDS``."""
        return (self.any, *(getattr(self, subtype) for subtype in SUBTYPE_IDS))


@dataclass(frozen=True)
class Case:
    """One scan and what is known of it; nothing is read yet (see :func:`Training.datasets.read_case`).

    Attributes:
        name: unique in its data set; may hold ``/``.
        patient: scans of the same patient never come into different folds.
        image: a NIfTI, NRRD or MetaImage file or a DICOM folder; or the files of the slices, DICOM in any
            order, pictures in the order of the slices.
        mask: where it bleeds, on the image's grid; for pictures one file a slice, None for a slice without.
            None where nobody drew a mask.
        labels: mask value -> id of a label of :mod:`ICHSegmentationLib.labels`; empty where the mask has the
            library's own values.
        mask_by_voxel: the mask's header does not tell its place; its voxels are the image's, one by one.
        slice_labels: one a slice, in the order in which ``read_case`` returns them; None where nobody told.
        scan_labels: of the whole scan; None where nobody told.
        disputed: some reader saw hemorrhage although most saw none, so that no empty mask is known.
        split: the data set's own (``train``, ``validation``, ``test``), None where it has none.
        spacing_mm: of slices, rows, columns, for pictures, which carry none of their own.
        notes: what a user of this case should know, one sentence each.
        fault: why this case cannot be used, where its adapter already knows; empty for a sound case.
        content: tells this scan and mask from any other, wherever they lie; empty until the data set is
            prepared.
    """

    name: str
    patient: str
    image: Path | tuple[Path, ...]
    mask: Path | tuple[Path | None, ...] | None = None
    labels: Mapping[int, str] = field(default_factory=dict)
    mask_by_voxel: bool = False
    slice_labels: tuple[SliceLabel, ...] | None = None
    scan_labels: SliceLabel | None = None
    disputed: bool = False
    split: str | None = None
    spacing_mm: tuple[float, float, float] | None = None
    notes: tuple[str, ...] = ()
    fault: str = ""
    content: str = ""

    @property
    def is_free_of_hemorrhage(self) -> bool:
        """Whether readers looked at the whole scan and found none: its mask is known to be empty."""
        if self.disputed:
            return False
        if self.scan_labels is not None:
            return not self.scan_labels.any
        return self.slice_labels is not None and not any(label.any for label in self.slice_labels)

    @property
    def has_mask(self) -> bool:
        """Whether each voxel's label is known: drawn, or empty because the scan is free of hemorrhage."""
        return self.mask is not None or self.is_free_of_hemorrhage


class DatasetAdapter(Protocol):
    """Knows the layout of one data set on disk, as its publisher ships it."""

    @property
    def name(self) -> str: ...

    def matches(self, folder: Path) -> bool:
        """Whether ``folder`` looks like this data set; cheap, opens no image."""
        ...

    def cases(self, folder: Path) -> list[Case]:
        """Every case, sorted by name; a bad one has a ``fault`` instead of being left out.

        Raises:
            InputError: the folder does not hold this data set at all.
        """
        ...
