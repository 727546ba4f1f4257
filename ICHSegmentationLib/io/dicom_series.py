"""A folder of DICOM files, or one multi-frame file, to the one CT volume in it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..errors import (
    EmptyFolderError,
    GeometryError,
    NotAnImageError,
    NotHounsfieldError,
    NotThreeDimensionalError,
    SeveralSeriesError,
    WrongModalityError,
)
from ..volume import CTVolume
from .claims import require_backed
from .dicom_geometry import degrees_between, parallel, stack
from .dicom_pixels import read_pixels
from .dicom_seg_source import DicomSource
from .dicom_slices import Headers, Slice, read_headers
from .folder_files import files_in
from .stored_image import require_believable_grid

_FEW = 2  # a scout is taken once or twice, from the front and from the side
_ACROSS = np.cos(np.radians(45))  # slices of the head itself are tilted by less
_NAMED = 5


def read_dicom(path: Path) -> CTVolume:
    """Read the CT series in a folder (and its subfolders), or an enhanced multi-frame CT file.

    Slices are ordered by position along their normal. Scouts are left out. A tilted gantry gives a sheared
    affine; missing slices or uneven spacing fill ``slice_positions_mm``; subfolders that may not be read are
    left out. The warnings tell each of these.
    ``header`` is the :class:`.dicom_seg_source.DicomSource`.

    Raises:
        EmptyFolderError: no DICOM file.
        WrongModalityError: only images of other modalities.
        SeveralSeriesError: more than one CT series, scouts not counted.
        NotThreeDimensionalError: a single file with a single slice.
        GeometryError: the slices form no volume, or differ in orientation.
        NotHounsfieldError: the header says that the values are something else than HU.
        DependencyError: see :func:`.dicom_pixels.read_pixels`.
        NotAnImageError: a file is damaged.
    """
    if not path.is_dir():
        return _read(path, [path])
    closed: list[Path] = []
    files = files_in(path, closed.append)
    if closed and not files:
        raise EmptyFolderError(
            f"Expected DICOM files in {path}, found only what may not be read.",
            "Allow reading it, or give another folder.",
        )
    volume = _read(path, files)
    if not closed:
        return volume
    told = f"Slices may be missing: folders that may not be read were left out ({len(closed)})."
    return replace(volume, warnings=(told, *volume.warnings))


def read_dicom_slices(files: Sequence[Path]) -> CTVolume:
    """Read one CT series from its files, wherever they lie; see :func:`read_dicom`."""
    return _read(Path(files[0]).parent, [Path(file) for file in files])


def _read(path: Path, files: list[Path]) -> CTVolume:
    headers = read_headers(files)
    _require_ct(path, headers, files)
    slices, warnings = _one_series(path, headers.slices)
    if not path.is_dir() and len(slices) == 1:
        raise NotThreeDimensionalError(
            f"Expected a volume, found a single slice in {path.name}.",
            "Give the folder with the whole series.",
        )
    if headers.unplaced:
        warnings.append(f"{headers.unplaced} pictures without a place in the patient were left out.")
    if headers.others:
        warnings.append(f"Images that are no CT were left out: {_counted(headers)}.")
    warnings += _require_hounsfield(slices)
    volume = stack(slices)
    require_believable_grid(path, volume.affine)
    _require_backed(path, slices)
    return CTVolume(
        read_pixels(volume.slices),
        volume.affine,
        DicomSource(volume.slices),
        slice_positions_mm=volume.slice_positions_mm,
        warnings=(*warnings, *volume.warnings),
    )


def _require_ct(path: Path, headers: Headers, files: Sequence[Path]) -> None:
    if headers.slices:
        return
    if not headers.files:
        if not path.is_dir():
            raise NotAnImageError(
                f"Expected a DICOM image in {path.name}, found something else.", "Export the scan again."
            )
        found = ", ".join(file.name for file in files[:3]) or "no file at all"
        raise EmptyFolderError(
            f"Expected DICOM files in {path}, found {found}.",
            "Give the folder that holds the CT's DICOM files.",
        )
    if headers.unplaced:
        raise GeometryError(
            f"Expected CT slices with a position, an orientation and a pixel spacing in {path.name}, found "
            f"{headers.unplaced} images without.",
            "Give the original series, not screenshots of it.",
        )
    if headers.others:
        raise WrongModalityError(
            f"Expected a CT in {path.name}, found {_counted(headers)}.", "Give a non-contrast head CT."
        )
    raise NotAnImageError(
        f"Expected CT images in {path.name}, found DICOM files without pixels.",
        "Give the images themselves, not a report or a directory of them.",
    )


def _require_backed(path: Path, slices: Sequence[Slice]) -> None:
    """Raise unless the pixels, two bytes each, are as many as a head CT has; compressed or not."""
    files = {each.path for each in slices}
    claimed = 2 * sum(each.shape[0] * each.shape[1] for each in slices)
    require_backed(path, claimed, sum(file.stat().st_size for file in files), compressed=True)


def _one_series(path: Path, slices: Sequence[Slice]) -> tuple[list[Slice], list[str]]:
    """The slices of the only series that is no scout."""
    stacks = _stacks([s for s in slices if not s.is_localizer])
    if not stacks:
        raise GeometryError(
            f"Expected a CT series in {path.name}, found only scouts.",
            "Give the folder of the head scan itself.",
        )
    largest = max(stacks, key=len)
    series = [s for s in stacks if not _is_scout(s, largest)]
    if len(series) > 1:
        _require_one_orientation(path, series)
        raise SeveralSeriesError(
            f"Expected one CT series in {path.name}, found {len(series)}: {_named(series)}.",
            "Put the series you mean into a folder of its own, and give that.",
        )
    left_out = len(slices) - len(largest)
    return largest, [f"{left_out} scout images were left out."] if left_out else []


def _stacks(slices: Sequence[Slice]) -> list[list[Slice]]:
    """Slices of the same series and orientation, together."""
    stacks: list[list[Slice]] = []
    for each in slices:
        for others in stacks:
            if others[0].series_uid == each.series_uid and parallel(others[0], each):
                others.append(each)
                break
        else:
            stacks.append([each])
    return stacks


def _is_scout(stack_: Sequence[Slice], largest: Sequence[Slice]) -> bool:
    """A few images across the head scan, even where the header does not call them scouts."""
    one, other = stack_[0].normal, largest[0].normal
    lengths = float(np.linalg.norm(one) * np.linalg.norm(other))
    return len(stack_) <= _FEW and bool(abs(one @ other) < _ACROSS * lengths)


def _require_one_orientation(path: Path, stacks: Sequence[Sequence[Slice]]) -> None:
    """Raise a GeometryError where several stacks are slices of one series, turned against each other."""
    if len({s.series_uid for stack_ in stacks for s in stack_}) > 1:
        return
    largest = max(stacks, key=len)
    turned = [s for stack_ in stacks if stack_ is not largest for s in stack_]
    degrees = max(degrees_between(s, largest[0]) for s in turned)
    names = ", ".join(dict.fromkeys(s.path.name for s in turned[:_NAMED]))
    raise GeometryError(
        f"Expected slices of one orientation in {path.name}, found {len(turned)} that are turned by up to "
        f"{degrees:.3g} degrees from the other {len(largest)}: {names}{', ...' * (len(turned) > _NAMED)}.",
        "Export the scan again; if they belong to another scan, take them out of the folder.",
    )


def _require_hounsfield(slices: Sequence[Slice]) -> list[str]:
    kinds = {s.rescale_type for s in slices}
    # US is "unspecified"; some scanners write variants such as HU_MOD.
    wrong = sorted(kind for kind in kinds if kind not in ("", "US") and not kind.startswith("HU"))
    if wrong:
        raise NotHounsfieldError(
            f"Expected Hounsfield units, found values of type {', '.join(wrong)}.",
            "Give the plain CT, not a map derived from it.",
        )
    if all(s.has_rescale for s in slices):
        return []
    return ["The DICOM header lacks the rescale to HU; the stored values are taken as HU."]


def _named(stacks: Sequence[Sequence[Slice]]) -> str:
    return "; ".join(
        f"number {s[0].series_number or 'unknown'}, {len(s)} slices, UID {s[0].series_uid}" for s in stacks
    )


def _counted(headers: Headers) -> str:
    return ", ".join(f"{count} of modality {modality}" for modality, count in sorted(headers.others.items()))
