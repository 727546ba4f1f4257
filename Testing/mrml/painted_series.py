"""A painted head with a lesion of known size, on slices that lie unevenly: its DICOM files, and its node."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from volumes import make_acquisition

sys.path.append(str(Path(__file__).parents[1] / "unit" / "io"))

from dicom_maker import AXIAL, Series, write_series

LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0])
PIXEL_MM = 1.0
SIZE = 120  # pixels along rows and columns
HEIGHTS_MM = np.array([*range(-40, 0, 5), *np.arange(0, 30, 2.5), *range(30, 71, 8)], float)
"""Slices along their normal: 5 mm apart, 2.5 mm, 8 mm, most of them 2.5."""
CENTRE = np.array([6.0, -4.0, 32.0])
"""Of the lesion, mm along columns, rows and normal from the middle of the head: where 2.5 mm become 8."""
RADII_MM = np.array([18.0, 14.0, 26.0])
LESION_ML = 4 / 3 * np.pi * RADII_MM.prod() / 1000
MIDDLE_LPS = np.array([4.0, -22.5, 310.0])
ALIKE_MM = 1e-3
"""Slicer's DICOM module takes corners that lie no further from each other for the same."""

TURN = np.radians(20)
OBLIQUE = (np.cos(TURN), np.sin(TURN), 0, -np.sin(TURN) * 0.8, np.cos(TURN) * 0.8, 0.6)
ORIENTATIONS = {"axial": AXIAL, "oblique": OBLIQUE, "turned": (1, 0, 0, 0, -1, 0)}


@dataclass(frozen=True)
class PaintedSeries:
    """The slices as a scanner places them.

    Attributes:
        orientation: of the rows and columns, as in DICOM.
        slant: mm by which a slice is moved along its columns for each mm of its height, by a tilted gantry.
        heights: ``[D]`` of the slices along their normal, mm from the middle of the head.
    """

    orientation: tuple[float, ...] = AXIAL
    slant: float = 0.0
    heights: NDArray[np.float64] = field(default_factory=lambda: HEIGHTS_MM)

    @property
    def axes(self) -> NDArray[np.float64]:
        """``[3, 3]`` LPS: the directions along a row, along a column, and the normal."""
        along, across = np.array(self.orientation[:3]), np.array(self.orientation[3:])
        return np.array([along, across, np.cross(along, across)])

    @property
    def places(self) -> NDArray[np.float64]:
        """``[D, H, W, 3]`` of every voxel, mm from the head's middle along the three directions."""
        pixels = (np.arange(SIZE) - (SIZE - 1) / 2) * PIXEL_MM
        height, across, along = np.meshgrid(self.heights, pixels, pixels, indexing="ij")
        return np.stack([along, across + self.slant * height, height], axis=-1)

    @property
    def lesion(self) -> NDArray[np.bool_]:
        """``[D, H, W]``"""
        return np.asarray((((self.places - CENTRE) / RADII_MM) ** 2).sum(axis=-1) <= 1)

    @property
    def centre_ras(self) -> NDArray[np.float64]:
        """Where the lesion's centre lies in the patient."""
        return LPS_TO_RAS @ (MIDDLE_LPS + CENTRE @ self.axes)

    @property
    def hu(self) -> NDArray[np.int16]:
        """``[D, H, W]``"""
        from_middle = (self.places / [50, 55, 75]) ** 2
        radius = np.sqrt(from_middle.sum(axis=-1))
        hu = np.select([radius < 0.9, radius < 1], [34, 1000], -1000)
        hu[self.lesion] = 62
        return hu.astype(np.int16)

    @property
    def corners(self) -> NDArray[np.float64]:
        """``[D, 3]`` where the first voxel of each slice lies, LPS mm."""
        return MIDDLE_LPS + self.places[:, 0, 0] @ self.axes

    def write(self, folder: Path) -> Path:
        """The series as DICOM files."""
        stored = (self.hu.astype(np.int32) + 1024).astype(np.uint16)
        write_series(Series(stored, self.corners, self.orientation, (PIXEL_MM, PIXEL_MM)), folder)
        return folder

    def load(self, scene: Any, folder: Path) -> Any:
        """The node that Slicer makes of the files, which are written for it.

        Its reader takes the slices for even. Where they are not, its DICOM module puts the node under a
        transform that moves each slice to where its file places it.
        """
        import slicer
        from ICHSegmentationSlicerLib.scan_geometry import local_affine

        node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Uneven CT")
        storage = scene.AddNewNodeByClass("vtkMRMLVolumeArchetypeStorageNode")
        for file in sorted(self.write(folder).iterdir()):
            storage.AddFileName(str(file))
        storage.SetFileName(storage.GetNthFileName(0))
        storage.SetSingleFile(False)
        assert storage.ReadData(node)
        np.testing.assert_array_equal(slicer.util.arrayFromVolume(node), self.hu)
        affine = local_affine(node)
        even = affine[:3, 3] + np.arange(len(self.hu))[:, None] * affine[:3, 2]
        moved = self.corners @ LPS_TO_RAS - even
        if np.abs(moved).max() > ALIKE_MM:
            transform = make_acquisition(scene, affine, self.hu.shape, moved)
            node.SetAndObserveTransformNodeID(transform.GetID())
        hierarchy = scene.GetSubjectHierarchyNode()
        hierarchy.CreateItem(hierarchy.GetSceneItemID(), node)
        return node
