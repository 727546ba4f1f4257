"""Scans and masks of the cases, read once and kept on the disk in the canonical order."""

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ICHSegmentationLib.errors import InputError
from ICHSegmentationLib.io.atomic import output_errors
from ICHSegmentationLib.preparation.orientation import Reorientation
from Training.datasets import Case, read_case

from .priors import Priors


@dataclass(frozen=True)
class Scan:
    """One case, ready for networks.

    Attributes:
        hu: ``[D, H, W]`` in canonical order, HU.
        mask: uint8 ``[D, H, W]``, 1 in hemorrhage of any subtype.
        spacing: mm along slices, rows, columns.
    """

    hu: NDArray[Any]
    mask: NDArray[np.uint8]
    spacing: tuple[float, float, float]


class ScanStore:
    """Reads cases; what was read once is memory-mapped afterwards, so that many processes share it.

    Args:
        folder: where copies are kept; they may be deleted at any time.
        priors: the answers of an earlier stage that :meth:`item` joins; None where there is none.
    """

    def __init__(self, folder: Path, priors: Priors | None = None) -> None:
        self._folder, self._priors = folder, priors

    def scan(self, case: Case) -> Scan:
        """The scan and mask of a case.

        Raises:
            InputError: a file of the case is missing or cannot be read, or the case has no mask.
        """
        kept = self._folder / f"{case_digest(case)}.pt"
        stored = load_tensors(kept)
        if stored is None:
            stored = _read(case)
            keep_tensors(kept, stored)
        a, b, c = stored["spacing"].tolist()
        return Scan(stored["hu"].numpy(), stored["mask"].numpy(), (a, b, c))

    def prior(self, case: Case) -> NDArray[np.float32] | None:
        """What the earlier stage answered, ``[D, H, W]`` on the scan's grid in canonical order."""
        return None if self._priors is None else self._priors.of(case)

    def item(self, case: Case) -> dict[str, Any]:
        """The item that :mod:`Training.transforms` starts from."""
        scan, prior = self.scan(case), self.prior(case)
        item: dict[str, Any] = {
            "image": torch.from_numpy(scan.hu.astype(np.float32))[None],
            "label": torch.from_numpy(scan.mask.copy())[None],
            "spacing": scan.spacing,
        }
        if prior is not None:
            item["prior"] = torch.from_numpy(prior)[None]
        return item


def case_digest(case: Case) -> str:
    """Tells cases apart, and a case whose files changed from what it was.

    Raises:
        InputError: a file is not there.
    """
    files = case.image if isinstance(case.image, tuple) else (case.image,)
    masks = case.mask if isinstance(case.mask, tuple) else (case.mask,)
    state = [_state(path) for path in (*files, *masks) if path is not None]
    return hashlib.sha256(repr((case.name, state, sorted(case.labels.items()))).encode()).hexdigest()[:24]


def _state(path: Path) -> tuple[str, int, int]:
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(
            f"Expected a file of the data set at {path}, found none there.",
            "If the data set was moved, change 'folder' in dataset.json of the prepared one, or prepare it "
            "again.",
        ) from error
    return str(path), status.st_size, status.st_mtime_ns


def load_tensors(path: Path) -> Mapping[str, Tensor] | None:
    """The tensors in a file, mapped into memory and not yet read; None where there is no such file."""
    if not path.is_file():
        return None
    found: dict[str, Tensor] = torch.load(path, mmap=True, weights_only=True)
    return found


def keep_tensors(path: Path, content: Mapping[str, Any]) -> None:
    """Write what :func:`load_tensors` reads, whole or not at all; several processes may do it at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}-{uuid.uuid4().hex}.tmp")
    with output_errors(path):
        try:
            torch.save(dict(content), temporary)
            temporary.replace(path)
        except PermissionError:
            # Windows does not replace a file that another process has mapped; it holds the same.
            if not path.is_file():
                raise
        finally:
            temporary.unlink(missing_ok=True)


def _read(case: Case) -> dict[str, Tensor]:
    ct, mask = read_case(case)
    if mask is None:
        raise InputError(
            f"Expected a case with a mask, found {case.name} without one.",
            "Only cases whose every voxel is labelled can be trained on.",
        )
    order = Reorientation.of(ct.grid)
    hu = np.ascontiguousarray(order.apply(ct.voxels))
    whole = np.clip(np.rint(hu), -32768, 32767).astype(np.int16)
    return {
        "hu": torch.from_numpy(whole if np.array_equal(whole, hu) else hu.astype(np.float32)),
        "mask": torch.from_numpy((np.ascontiguousarray(order.apply(mask.voxels)) > 0).astype(np.uint8)),
        "spacing": torch.tensor(order.grid.spacing, dtype=torch.float64),
    }
