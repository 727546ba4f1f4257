"""Scans whose slices lie unevenly, as Slicer loads them: every voxel in its place, every millilitre in its
volume."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from painted_series import CENTRE, HEIGHTS_MM, LESION_ML, LPS_TO_RAS, ORIENTATIONS, RADII_MM, PaintedSeries
from segments import centre_of_surface
from volumes import make_transform

from ICHSegmentationLib.cli import main
from ICHSegmentationLib.io import read_ct, read_mask
from ICHSegmentationLib.measurement import measure
from ICHSegmentationLib.volume import CTVolume, Volume

SERIES = {
    "axial": PaintedSeries(),
    "axial, tilted": PaintedSeries(slant=0.25),
    "oblique": PaintedSeries(ORIENTATIONS["oblique"]),
    "oblique, tilted": PaintedSeries(ORIENTATIONS["oblique"], slant=-0.2),
    "turned": PaintedSeries(ORIENTATIONS["turned"]),
}


@pytest.fixture(params=SERIES.values(), ids=SERIES)
def series(request: pytest.FixtureRequest) -> PaintedSeries:
    return request.param


def world(ct: CTVolume, index: tuple[int, int, int]) -> np.ndarray:
    """RAS mm of a voxel, by the slice's own position."""
    k, j, i = index
    steps = k if ct.slice_positions_mm is None else ct.slice_positions_mm[k] / ct.grid.slice_distance
    return ct.affine[:3] @ [i, j, steps, 1]


def outlined(scene: Any, scan: Any, series: PaintedSeries, label: int = 2) -> Any:
    """A segmentation that is the painted lesion."""
    from ICHSegmentationSlicerLib.segmentation_nodes import add_segmentation

    mask = series.lesion.astype(np.uint8) * label
    return add_segmentation(scene, scan, mask, {"id": "default", "version": "1"})


def test_the_file_says_of_every_slice_what_its_dicom_file_says(
    scene: Any, series: PaintedSeries, tmp_path: Path
) -> None:
    from ICHSegmentationSlicerLib.scan_export import check_scan, write_scan

    scan = series.load(scene, tmp_path / "series")
    of_dicom = read_ct(tmp_path / "series")
    check_scan(scan)
    of_slicer = read_ct(write_scan(scan, tmp_path / "scan.nii"))
    np.testing.assert_array_equal(of_slicer.voxels, of_dicom.voxels)
    assert set(of_slicer.warnings) <= set(of_dicom.warnings)
    assert any("unevenly spaced, 2.5 to 8 mm" in warning for warning in of_slicer.warnings)
    for index in [(0, 0, 0), (3, 119, 7), (9, 60, 60), (len(HEIGHTS_MM) - 1, 4, 119)]:
        np.testing.assert_allclose(world(of_slicer, index), world(of_dicom, index), atol=1e-3)


def test_a_lesion_has_its_true_volume_at_its_place_in_the_patient(
    scene: Any, series: PaintedSeries, tmp_path: Path
) -> None:
    from ICHSegmentationSlicerLib.remeasure import remeasure

    scan, ct = series.load(scene, tmp_path / "series"), read_ct(tmp_path / "series")
    (lesion,) = remeasure(scan, outlined(scene, scan, series))["lesions"]
    assert lesion["volume_ml"] == pytest.approx(LESION_ML, rel=0.02)
    assert np.linalg.norm(lesion["centroid_mm"] - series.centre_ras) < 0.5
    mask = Volume(series.lesion.astype(np.uint8) * 2, ct.affine)
    (direct,) = measure(mask, slice_positions_mm=ct.slice_positions_mm).to_dict()["lesions"]
    assert lesion["volume_ml"] == pytest.approx(direct["volume_ml"], rel=1e-5)
    assert lesion["tada"]["volume_ml"] == pytest.approx(direct["tada"]["volume_ml"], rel=1e-5)


def test_slicer_shows_the_lesion_where_it_lies_and_jumps_to_the_slice_that_is_meant(
    scene: Any, series: PaintedSeries, tmp_path: Path
) -> None:
    from ICHSegmentationSlicerLib.scan_geometry import middle_of_slice

    scan = series.load(scene, tmp_path / "series")
    node = outlined(scene, scan, series)
    np.testing.assert_allclose(centre_of_surface(node, "intraparenchymal"), series.centre_ras, atol=1.5)
    from_centre = np.array(middle_of_slice(scan, 0, 3)) - series.centre_ras
    assert from_centre @ LPS_TO_RAS @ series.axes[2] + CENTRE[2] == pytest.approx(HEIGHTS_MM[3], abs=1e-3)


def test_of_a_tilted_series_that_is_even_slicers_reader_makes_a_sheared_node_that_is_right(
    scene: Any, tmp_path: Path
) -> None:
    from ICHSegmentationSlicerLib.remeasure import remeasure
    from ICHSegmentationSlicerLib.scan_export import ct_of

    series = PaintedSeries(ORIENTATIONS["oblique"], 0.25, heights=np.arange(-40.0, 71.0, 5))
    scan = series.load(scene, tmp_path / "series")
    assert scan.GetParentTransformNode() is None
    ct = ct_of(scan)
    assert ct.slice_positions_mm is None
    np.testing.assert_allclose(ct.affine, read_ct(tmp_path / "series").affine, atol=1e-5)
    (lesion,) = remeasure(scan, outlined(scene, scan, series))["lesions"]
    assert lesion["volume_ml"] == pytest.approx(LESION_ML, rel=0.02)
    assert np.linalg.norm(lesion["centroid_mm"] - series.centre_ras) < 0.5


def test_the_lines_a_b_and_c_span_the_lesion(scene: Any, series: PaintedSeries, tmp_path: Path) -> None:
    from ICHSegmentationSlicerLib.measurement_markups import add_tada_lines
    from ICHSegmentationSlicerLib.remeasure import remeasure

    scan = series.load(scene, tmp_path / "series")
    (lesion,) = remeasure(scan, outlined(scene, scan, series))["lesions"]
    lines = add_tada_lines(scene, scan, lesion)
    assert lines.volume_ml == pytest.approx(lesion["tada"]["volume_ml"], rel=1e-4)
    for letter, diameter in zip("AB", 2 * RADII_MM[:2], strict=True):
        assert lines.lengths_mm[letter] == pytest.approx(diameter, abs=1.5)
    ends = np.zeros((2, 3))
    for n, end in enumerate(ends):
        lines.nodes["C"].GetNthControlPointPositionWorld(n, end)
    heights = np.sort((ends - series.centre_ras) @ LPS_TO_RAS @ series.axes[2] + CENTRE[2])
    filled = np.flatnonzero(series.lesion.any(axis=(1, 2)))
    faces = [(HEIGHTS_MM[k] + HEIGHTS_MM[k + 1]) / 2 for k in (filled[0] - 1, filled[-1])]
    assert heights == pytest.approx(faces, abs=1e-2)


@pytest.mark.parametrize("name", ["axial", "oblique, tilted"])
def test_a_click_adds_takes_away_and_names_a_lesion(scene: Any, name: str, tmp_path: Path) -> None:
    from ICHSegmentationSlicerLib.corrections import add_lesion_at, relabel_lesion, remove_lesion_at
    from ICHSegmentationSlicerLib.remeasure import remeasure
    from ICHSegmentationSlicerLib.segmentation_nodes import add_segmentation, mask_of

    series = SERIES[name]
    scan = series.load(scene, tmp_path / "series")
    mask = np.zeros(series.lesion.shape, np.uint8)
    mask[24:, 20:30, 20:30] = 2  # another one, above it
    segmentation = add_segmentation(scene, scan, mask, None)
    click = tuple(series.centre_ras)
    added = add_lesion_at(scan, segmentation, click, "intraparenchymal")
    assert added.volume_ml == pytest.approx(LESION_ML, rel=0.08)
    (lesion, other) = remeasure(scan, segmentation)["lesions"]
    assert lesion["volume_ml"] == pytest.approx(added.volume_ml)
    relabel_lesion(scan, segmentation, lesion, "subdural")
    labels = {found["volume_ml"]: found["label"] for found in remeasure(scan, segmentation)["lesions"]}
    assert labels == {lesion["volume_ml"]: "subdural", other["volume_ml"]: "intraparenchymal"}
    assert remove_lesion_at(scan, segmentation, click) == pytest.approx(added.volume_ml)
    np.testing.assert_array_equal(mask_of(segmentation, scan), mask)


def test_a_scan_that_is_moved_as_a_whole_keeps_its_volumes(scene: Any, tmp_path: Path) -> None:
    from ICHSegmentationSlicerLib.remeasure import remeasure

    series = SERIES["oblique"]
    scan = series.load(scene, tmp_path / "series")
    segmentation = outlined(scene, scan, series)
    (before,) = remeasure(scan, segmentation)["lesions"]
    moved = np.eye(4)
    moved[:3, :3], moved[:3, 3] = [[0.8, -0.6, 0], [0.6, 0.8, 0], [0, 0, 1]], (5, 6, 70)
    scan.GetParentTransformNode().SetAndObserveTransformNodeID(make_transform(scene, moved).GetID())
    (after,) = remeasure(scan, segmentation)["lesions"]
    assert after["volume_ml"] == pytest.approx(before["volume_ml"], rel=1e-5)
    np.testing.assert_allclose(after["centroid_mm"], (moved @ [*before["centroid_mm"], 1])[:3], atol=1e-2)


def test_a_comparison_gets_scan_and_mask_on_one_grid_with_their_volume(scene: Any, tmp_path: Path) -> None:
    from ICHSegmentationSlicerLib.comparison_scene import write_mask_of
    from ICHSegmentationSlicerLib.scan_export import write_scan

    series = SERIES["oblique, tilted"]
    scan = series.load(scene, tmp_path / "series")
    ct = read_ct(write_scan(scan, tmp_path / "scan.nii"))
    mask = read_mask(write_mask_of(outlined(scene, scan, series), scan, tmp_path / "mask.nrrd"), ct)
    measured = measure(mask, slice_positions_mm=ct.slice_positions_mm)
    assert measured.total_volume_ml == pytest.approx(LESION_ML, rel=0.02)


def test_a_segmentation_that_slicer_saved_is_measured_on_the_slices_of_the_series_itself(
    scene: Any, series: PaintedSeries, tmp_path: Path
) -> None:
    node = outlined(scene, series.load(scene, tmp_path / "series"), series)
    storage = scene.AddNewNodeByClass("vtkMRMLSegmentationStorageNode")
    storage.SetFileName(str(tmp_path / "mask.seg.nrrd"))
    assert storage.WriteData(node)
    paths = [str(tmp_path / name) for name in ("series", "mask.seg.nrrd", "out")]
    assert main(["measure", paths[0], paths[1], "-o", paths[2]]) == 0
    measured = json.loads((tmp_path / "out/series/measurements.json").read_text())
    told = [warning for warning in measured["warnings"] if "copy whose transform was hardened" in warning]
    assert len(told) == 1
    assert told[0] in html.unescape((tmp_path / "out/series/report.html").read_text("utf-8"))
    assert measured["total_volume_ml"] == pytest.approx(LESION_ML, rel=0.02)
    (lesion,) = measured["lesions"]
    assert np.linalg.norm(lesion["centroid_mm"] - series.centre_ras) < 0.5
    mask = read_mask(tmp_path / "mask.seg.nrrd", read_ct(tmp_path / "series"))
    np.testing.assert_array_equal(mask.voxels == 2, series.lesion)


@pytest.mark.parametrize("name", ["axial", "oblique", "oblique, tilted"])
def test_a_label_map_that_slicer_saved_is_measured_on_the_slices_of_the_series_itself(
    scene: Any, name: str, tmp_path: Path
) -> None:
    import slicer

    series = SERIES[name]
    scan = series.load(scene, tmp_path / "series")
    label_map = scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode")
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    whole = slicer.vtkSegmentation.EXTENT_REFERENCE_GEOMETRY
    assert logic.ExportAllSegmentsToLabelmapNode(outlined(scene, scan, series), label_map, whole)
    storage = scene.AddNewNodeByClass("vtkMRMLVolumeArchetypeStorageNode")
    storage.SetFileName(str(tmp_path / "mask.nrrd"))
    assert storage.WriteData(label_map)
    ct = read_ct(tmp_path / "series")
    mask = read_mask(tmp_path / "mask.nrrd", ct)
    np.testing.assert_array_equal(mask.voxels == 1, series.lesion)
    measured = measure(mask, slice_positions_mm=ct.slice_positions_mm)
    assert measured.total_volume_ml == pytest.approx(LESION_ML, rel=0.02)


def test_a_dicom_seg_refers_to_the_slices_of_the_series_itself(
    scene: Any, series: PaintedSeries, tmp_path: Path
) -> None:
    pytest.importorskip("highdicom")
    from ICHSegmentationSlicerLib.seg_export import write_dicom_seg

    scan, ct = series.load(scene, tmp_path / "series"), read_ct(tmp_path / "series")
    files = [slice_.path for slice_ in ct.header.slices]
    path = write_dicom_seg(scan, outlined(scene, scan, series), files, tmp_path / "seg.dcm")
    np.testing.assert_array_equal(read_mask(path, ct).voxels == 2, series.lesion)


def test_a_report_is_written_of_it(scene: Any, tmp_path: Path) -> None:
    from ICHSegmentationSlicerLib.hemorrhage_scene import HemorrhageScene

    series = SERIES["axial"]
    scan = series.load(scene, tmp_path / "series")
    work = HemorrhageScene(scene, tmp_path)
    segmentation = outlined(scene, scan, series)
    page = work.write_report(scan, segmentation, work.remeasure(scan, segmentation))
    assert f"{LESION_ML:.0f}" in page.read_text("utf-8")
