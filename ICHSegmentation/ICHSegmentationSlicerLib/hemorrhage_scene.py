"""Everything the panel asks of the scene, in one place.

What needs packages that Slicer does not bring (for measuring, tables and reports) is imported where it is
used, so that the panel opens, and can offer to install them, before they are there.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import slicer

from .place_point import Point, PointPlacing
from .scene_maps import SceneMaps

_EDITOR_TAG = "ICHSegmentation"


class HemorrhageScene(SceneMaps):
    """One ``vtkMRMLScene`` with the functions of this package.

    Args:
        folder: takes temporary files.
    """

    def __init__(self, scene: slicer.vtkMRMLScene, folder: Path) -> None:
        self._scene, self._folder = scene, folder

    # The scan

    def in_view(self) -> Any:
        """The volume that the slice views show, or None."""
        from .slice_views import scan_in_view

        return scan_in_view(self._scene)

    def node(self, node_id: str) -> Any:
        """The node with this id, or None."""
        return self._scene.GetNodeByID(node_id) if node_id else None

    def has(self, node: Any) -> bool:
        """Whether the node is still in the scene."""
        return node.GetScene() is not None

    def check(self, scan: Any) -> None:
        """Raise an InputError with a sentence unless the scan can be segmented."""
        from .as_acquired import require_as_acquired
        from .scan_export import check_scan

        check_scan(scan)
        require_as_acquired(scan)

    def size_of(self, scan: Any) -> int:
        """Bytes of the scan's voxels."""
        return 1024 * int(scan.GetImageData().GetActualMemorySize())

    def place_of(self, scan: Any) -> object:
        """Where the scan's voxels lie in the world; equal while it has not been moved."""
        from .scan_geometry import world_stack

        stack = world_stack(scan)
        positions = stack.slice_positions_mm
        return stack.affine.tolist(), None if positions is None else positions.tolist()

    def name_of(self, scan: Any) -> str:
        return str(scan.GetName())

    def export(self, scan: Any, path: Path) -> Path:
        from .scan_export import write_scan

        return write_scan(scan, path)

    # The segmentation

    def segmentations_of(self, scan: Any) -> list[Any]:
        from .segmentation_nodes import segmentations_of

        return segmentations_of(self._scene, scan)

    def read_mask(self, path: Path) -> Any:
        """Label values ``[D, H, W]``, uint8."""
        from .byte_image import read_bytes

        return read_bytes(path)

    def add_result(self, scan: Any, mask: Any, measurements: dict[str, Any], replace: Any) -> Any:
        from .segmentation_nodes import add_segmentation
        from .told import keep_with

        segmentation = add_segmentation(self._scene, scan, mask, measurements.get("model"), replace)
        keep_with(segmentation, measurements)
        return segmentation

    def present(
        self, segmentation: Any, scan: Any, measurements: dict[str, Any], overlay: Path | None
    ) -> Iterator[None]:
        """Outlines, brain window, the largest section and the table, a step at a time."""
        from .measurement_table import rows_of
        from .segmentation_nodes import show
        from .slice_views import apply_brain_window

        apply_brain_window(scan)
        show(segmentation, scan)
        yield
        place = next((row.place for row in rows_of(measurements) if row.place is not None), None)
        if place is not None:
            self.jump_to(place)
        self.tabulate(scan, measurements)
        yield
        from .map_overlay import add_overlay, remove_overlays

        remove_overlays(self._scene, scan)  # of an earlier run, perhaps of another model
        if overlay is not None:
            add_overlay(self._scene, scan, overlay)
        yield

    def make_surfaces(self, segmentation: Any) -> Iterator[None]:
        """The surfaces for the 3D view, a step for each segment."""
        from .segment_surfaces import make_surfaces

        return make_surfaces(segmentation)

    def jump_to(self, place: Point) -> None:
        from .slice_views import jump_to

        jump_to(self._scene, place)

    def jump_to_slice(self, scan: Any, axis: int, index: int) -> None:
        """Lead the views to the middle of a slice, counted from 0 on an axis of the array ``[D, H, W]``."""
        from .scan_geometry import middle_of_slice
        from .slice_views import jump_to

        jump_to(self._scene, middle_of_slice(scan, axis, index))

    # Measurements

    def remeasure(self, scan: Any, segmentation: Any) -> dict[str, Any]:
        """The numbers of the segmentation as it is now, with what the run told of what has not changed since;
        the scan's table follows."""
        from .remeasure import remeasure_with_what_was_told

        measurements = remeasure_with_what_was_told(scan, segmentation)
        self.tabulate(scan, measurements)
        return measurements

    def tabulate(self, scan: Any, measurements: dict[str, Any]) -> None:
        from .measurement_table import fill_table, table_of

        fill_table(self._scene, measurements, scan, table_of(self._scene, scan))

    def rows(self, measurements: dict[str, Any]) -> list[Any]:
        from .measurement_rows import rows_of

        return rows_of(measurements)

    def cells(self, row: Any) -> tuple[str, ...]:
        from .measurement_rows import cells

        return cells(row)

    def notable(self, measurements: dict[str, Any]) -> list[str]:
        from .measurement_rows import notable

        return notable(measurements)

    def text(self, measurements: dict[str, Any]) -> str:
        from .measurement_table import as_text

        return as_text(measurements)

    def write_csv(self, measurements: dict[str, Any], path: Path) -> None:
        from ICHSegmentationLib.io.atomic import atomic_path

        from .measurement_table import as_csv

        with atomic_path(path) as temporary:
            temporary.write_text(as_csv(measurements), encoding="utf-8-sig")  # Excel takes it for UTF-8

    def write_report(self, scan: Any, segmentation: Any, measurements: dict[str, Any]) -> Path:
        """A page of what is there now, after a correction or a load."""
        from ICHSegmentationLib.report.write import write_report
        from ICHSegmentationLib.volume import Volume

        from .measurement_rows import edited_warnings
        from .scan_export import ct_of
        from .segmentation_nodes import mask_of

        ct = ct_of(scan)
        mask = Volume(mask_of(segmentation, scan), ct.affine)
        folder = Path(tempfile.mkdtemp(prefix="ICHSegmentation-report-", dir=self._folder))
        warnings = [*edited_warnings(measurements), *measurements.get("warnings", [])]
        shown = {**measurements, "case": scan.GetName(), "warnings": warnings}
        return write_report(folder, ct, mask, shown)["report"]

    def is_from_dicom(self, scan: Any) -> bool:
        from .dicom_scan import is_from_dicom

        return is_from_dicom(scan)

    def write_dicom_seg(self, scan: Any, segmentation: Any, path: Path) -> Path:
        """The segmentation as a DICOM SEG on the series that the scan was loaded from."""
        from .dicom_scan import files_of, slicers_database
        from .seg_export import write_dicom_seg

        return write_dicom_seg(scan, segmentation, files_of(scan, slicers_database()), path)

    # Tada lines

    def add_tada_lines(self, scan: Any, lesion: dict[str, Any]) -> Any:
        from .measurement_markups import add_tada_lines

        return add_tada_lines(self._scene, scan, lesion)

    def find_tada_lines(self, scan: Any) -> list[Any]:
        """The lines of this scan that are in the scene, by lesion."""
        from .measurement_markups import find_tada_lines

        return find_tada_lines(self._scene, scan)

    # Corrections

    def editor_node(self) -> Any:
        """The Segment Editor's parameter node of this module; the scene has one."""
        node = self._scene.GetSingletonNode(_EDITOR_TAG, "vtkMRMLSegmentEditorNode")
        if node is None:
            node = slicer.vtkMRMLSegmentEditorNode()
            node.SetSingletonTag(_EDITOR_TAG)
            node = self._scene.AddNode(node)
            node.SetOverwriteMode(node.OverwriteAllSegments)
        return node

    def limit_painting(self, limited: bool, low: int, high: int) -> None:
        """Let the editor change only voxels from ``low`` to ``high`` HU."""
        node = self.editor_node()
        node.SetSourceVolumeIntensityMaskRange(low, high)
        node.SetSourceVolumeIntensityMask(limited)

    def observe_edits(self, segmentation: Any, changed: Callable[[], None]) -> Any:
        from .corrections import EditObserver

        return EditObserver(segmentation, changed)

    def observe_moves(self, scan: Any, segmentation: Any, moved: Callable[[], None]) -> Any:
        """``moved`` is called when either is moved; the scan's maps follow it by themselves."""
        from .corrections import MoveObserver
        from .map_overlay import follow_scan

        def heard() -> None:
            follow_scan(self._scene, scan)
            moved()

        return MoveObserver((scan, segmentation), heard)

    def add_lesion_at(
        self, scan: Any, segmentation: Any, place: Point, label: str, before: Callable[[], None]
    ) -> Any:
        """Outline the hemorrhage at a place; ``before`` is called when it is found, before any change."""
        from .corrections import add_lesion_at

        return add_lesion_at(scan, segmentation, place, label, before)

    def remove_lesion_at(
        self, scan: Any, segmentation: Any, place: Point, before: Callable[[], None]
    ) -> float:
        """Remove the lesion at a place; ``before`` as in :meth:`add_lesion_at`."""
        from .corrections import remove_lesion_at

        return remove_lesion_at(scan, segmentation, place, before)

    def relabel_lesion(
        self, scan: Any, segmentation: Any, lesion: dict[str, Any], label: str, before: Callable[[], None]
    ) -> None:
        """Say what a lesion is; ``before`` as in :meth:`add_lesion_at`."""
        from .corrections import relabel_lesion

        relabel_lesion(scan, segmentation, lesion, label, before)

    def place_point(self, placed: Callable[[Point], None], ended: Callable[[], None]) -> PointPlacing:
        placing = PointPlacing(self._scene, placed, ended)
        placing.start()
        return placing

    # Comparison

    def take_apart(self, scan: Any) -> bool:
        """Put the scan back where it was acquired; whether a comparison had moved it."""
        from .comparison_scene import take_apart

        return take_apart(self._scene, scan)

    def export_mask(self, segmentation: Any, scan: Any, path: Path) -> Path:
        from .comparison_scene import write_mask_of

        return write_mask_of(segmentation, scan, path)

    def lay_over(self, scan: Any, segmentation: Any, comparison: dict[str, Any]) -> None:
        """Lay the scan, and what belongs to it, over the earlier scan, if both fit on each other.

        Args:
            comparison: as in ``comparison.json``.
        """
        from .comparison_scene import lay_over

        found = comparison["registration"]
        if not found["trusted"]:
            return
        from .map_overlay import KINDS, overlay_of

        overlays = [overlay_of(self._scene, scan, kind) for kind in KINDS]
        moved = [node for node in (segmentation, *overlays) if node is not None]
        lay_over(self._scene, scan, moved, np.array(found["second_to_first"]))
