"""The reference masks to compare with, and the predictions that belong to them."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from ICHSegmentationLib.errors import InputError
from ICHSegmentationLib.io import read_ct, read_mask
from ICHSegmentationLib.pipeline import case_name
from ICHSegmentationLib.volume import CTVolume, Volume

from ..datasets.case import Case
from ..datasets.prepared import CASES, read_cases_csv
from ..datasets.reading import read_case
from ..datasets.tables import IMAGE_ENDINGS, images_in

RESULT_NAME = "segmentation"
"""The mask in a folder that ``ichseg segment`` wrote."""

_ENDINGS = (*IMAGE_ENDINGS, *(ending.upper() for ending in IMAGE_ENDINGS))


@dataclass(frozen=True)
class Reference:
    """A reference mask that is read when it is needed.

    Attributes:
        subtypes: ids of the scan's subtypes where readers gave them; None takes those of the mask.
        image: what ``ichseg segment`` calls the scan after its file; empty where it lies in several files, or
            another reference has that name.
        mask: reads the mask.
        ct: reads the scan; None where it was not given.
    """

    name: str
    mask: Callable[[], Volume]
    ct: Callable[[], CTVolume] | None = None
    subtypes: tuple[str, ...] | None = None
    image: str = ""


def references_in(source: Path | Sequence[Case], images: Path | None = None) -> list[Reference]:
    """The references that ``source`` names.

    Args:
        source: a folder of masks; a prepared folder or its ``cases.csv``; or the cases themselves, of which
            those without a mask are left out.
        images: folder with the scans, named as the masks; for a folder of masks only.

    Raises:
        InputError: there is no reference mask, or two cases whose predictions would have the same name.
    """
    if not isinstance(source, Path):
        found = _of_cases(source)
    elif source.name == CASES or (source / CASES).is_file():
        folder = source.parent if source.name == CASES else source
        found = _of_cases(read_cases_csv(folder))
    else:
        scans = images_in(images) if images else {}
        readers = {name: partial(read_ct, path) for name, path in scans.items()}
        found = [
            Reference(name, partial(read_mask, path), readers.get(name))
            for name, path in images_in(source).items()
        ]
    if not found:
        raise InputError(
            "Expected reference masks, found none.",
            "Give a folder of masks (NIfTI, NRRD, MetaImage), or a data set that 'prepare' has read.",
        )
    return found


def prediction_file(folder: Path, name: str, image: str = "") -> Path | None:
    """The predicted mask of a case, None where there is none.

    It is called ``NAME.nii.gz``, with ``_`` for ``/`` too, or ``NAME/segmentation.nii.gz``, as
    ``ichseg segment`` writes it; or has any other ending of an image.

    Args:
        image: what it may be called instead of ``name``, see :class:`Reference`.
    """
    for stem in dict.fromkeys((name, _in_files(name), image or name)):
        for base in (folder / stem, folder / stem / RESULT_NAME):
            for ending in _ENDINGS:
                path = base.with_name(base.name + ending)
                if path.is_file():
                    return path
    return None


def read_prediction(path: Path, reference: Volume) -> Volume:
    """A predicted mask; a Slicer segmentation is placed on the reference's grid.

    Raises:
        InputError: or one of its kinds: no mask of our labels, or on another grid.
    """
    if not path.name.lower().endswith(".seg.nrrd"):
        return read_mask(path)  # may be stored in another order of axes than its reference
    return read_mask(path, CTVolume(np.zeros_like(reference.voxels), reference.affine))


def _of_cases(cases: Sequence[Case]) -> list[Reference]:
    _require_told_apart([case.name for case in cases])
    images = {case.name: _image_name(case) for case in cases}
    taken = Counter(known for name, image in images.items() for known in {name, _in_files(name), image})
    return [
        _of_case(case, images[case.name] if taken[images[case.name]] == 1 else "")
        for case in cases
        if case.has_mask
    ]


def _in_files(name: str) -> str:
    """What tools call a case whose name no file can have."""
    return name.replace("/", "_")


def _require_told_apart(names: Sequence[str]) -> None:
    """Raise an InputError where the prediction of one case would be taken for that of another."""
    shared = Counter(map(_in_files, names))
    alike = [name for name in names if shared[_in_files(name)] > 1]
    if alike:
        raise InputError(
            f"Expected a name for the prediction of each case, found one for {' and '.join(alike)}.",
            "Rename one of these cases: in the names of predictions _ stands for /.",
        )


def _image_name(case: Case) -> str:
    return case_name(case.image) if isinstance(case.image, Path) and case.image.is_file() else ""


def _of_case(case: Case, image: str) -> Reference:
    def mask() -> Volume:
        read = read_case(case)[1]
        if read is None:
            raise InputError(f"Expected a mask of the case {case.name}, found none.")
        return read

    told = case.scan_labels.subtypes if case.scan_labels is not None else ()
    return Reference(case.name, mask, lambda: read_case(case)[0], told or None, image)
