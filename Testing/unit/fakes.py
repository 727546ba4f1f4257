"""A painted head small enough for quick tests, and a segmenter that needs no network."""

import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from ICHSegmentationLib.models import ModelFolder
from ICHSegmentationLib.volume import CTVolume, Volume

SPACING_MM = (5.0, 2.0, 2.0)
RADII_MM = (9.0, 13.0, 18.0)


def head(shape: tuple[int, int, int] = (26, 100, 90)) -> NDArray[np.int16]:
    """HU ``[D, H, W]`` of a skull with brain and one bleeding of 70 HU, an ellipsoid of 8.8 mL."""
    hu = np.full(shape, -1000, np.int16)
    for radii, value in (((62, 92, 78), 1000), ((56, 86, 72), 35), (RADII_MM, 70)):
        hu[_ellipsoid(shape, radii)] = value
    return hu


def _ellipsoid(shape: tuple[int, int, int], radii_mm: tuple[float, float, float]) -> NDArray[np.bool_]:
    axes = np.ogrid[tuple(slice(n) for n in shape)]
    scaled = [
        ((axis - (n - 1) / 2) * mm / radius) ** 2
        for axis, n, mm, radius in zip(axes, shape, SPACING_MM, radii_mm, strict=True)
    ]
    return sum(scaled) <= 1


def affine() -> NDArray[np.float64]:
    """RAS affine of a scan in canonical order (rows to posterior, columns to the patient's left)."""
    matrix = np.diag([-SPACING_MM[2], -SPACING_MM[1], SPACING_MM[0], 1.0])
    matrix[:3, 3] = (80, 95, -60)
    return matrix


def write_nifti(path: Path, voxels: NDArray[np.generic]) -> Path:
    """Voxels ``[D, H, W]`` as a NIfTI, written with nibabel alone."""
    nib.save(nib.Nifti1Image(voxels.T, affine()), path)
    return path


def bleeding(voxels: NDArray[np.generic]) -> NDArray[np.uint8]:
    return (voxels == 70).astype(np.uint8)


@dataclass(frozen=True)
class FakeUncertainty:
    map: Volume
    left_out_ml: float = 0.0
    reasons: tuple[str, ...] = ()
    half_ratio: float | None = None


@dataclass(frozen=True)
class FakeSegmentation:
    mask: Volume
    uncertainty: FakeUncertainty
    warnings: tuple[str, ...] = ("Nothing but a threshold was used.",)
    timings_s: dict[str, float] = field(default_factory=lambda: {"locate": 0.1, "refine": 0.2})
    device: str = "cpu"
    engine: str = "none"
    specks: Volume | None = None


@dataclass
class FakeSegmenter:
    """Takes every voxel of 70 HU for hemorrhage.

    Attributes:
        model: whose name the result bears.
        during: what happens half-way.
        unsure: its uncertainty ``[D, H, W]``, 0 to 100; None is sure of everything.
    """

    model: ModelFolder
    during: Callable[[], None] = lambda: None
    unsure: NDArray[np.uint8] | None = None

    def __call__(self, ct: CTVolume, progress: Callable[[str, float], None]) -> FakeSegmentation:
        progress("locate", 0.0)
        self.during()
        progress("refine", 0.5)
        unsure = np.zeros(ct.voxels.shape, np.uint8) if self.unsure is None else self.unsure
        doubt = FakeUncertainty(Volume(unsure, ct.affine))
        return FakeSegmentation(Volume(bleeding(ct.voxels), ct.affine), doubt)


def main_with_a_slow_segmenter() -> None:
    """The command line, whose segmenter takes a minute: for tests that end it before."""
    from ICHSegmentationLib import models
    from ICHSegmentationLib.cli import main
    from ICHSegmentationLib.pipeline import path

    signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs the tests may have it ignored
    path.load_segmenter = lambda settings: FakeSegmenter(models.find(settings.model), lambda: time.sleep(60))
    sys.exit(main())


if __name__ == "__main__":
    main_with_a_slow_segmenter()
