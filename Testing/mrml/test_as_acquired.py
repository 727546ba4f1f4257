"""Scans whose slices Slicer no longer has where their DICOM files place them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from painted_series import ORIENTATIONS, PaintedSeries
from volumes import make_scan, make_transform

from ICHSegmentationLib.errors import GeometryError, GridMismatchError
from ICHSegmentationLib.io import read_ct, read_mask

UNEVEN = {
    "axial": PaintedSeries(),
    "oblique, tilted": PaintedSeries(ORIENTATIONS["oblique"], slant=-0.2),
    "turned": PaintedSeries(ORIENTATIONS["turned"]),
}
EVEN = PaintedSeries(ORIENTATIONS["oblique"], heights=np.arange(-40.0, 71.0, 5))


class Database:
    """What of a ``ctkDICOMDatabase`` is asked: its files, and what stands in them."""

    def __init__(self, files: dict[str, Path]) -> None:
        self.files = files
        self.read: list[str] = []

    def fileForInstance(self, uid: str) -> str:
        self.read.append(uid)
        return str(self.files.get(uid, ""))

    def instanceValue(self, uid: str, tag: str) -> str:
        if uid not in self.files:
            return ""
        value = pydicom.dcmread(self.files[uid], stop_before_pixels=True)[tag.replace(",", "")].value
        return "\\".join(str(number) for number in value)


@pytest.fixture(params=UNEVEN.values(), ids=UNEVEN)
def series(request: pytest.FixtureRequest) -> PaintedSeries:
    return request.param


@pytest.fixture
def load(scene: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Loads a series as Slicer's DICOM module does, from Slicer's database."""
    import slicer

    def load(series: PaintedSeries) -> Any:
        scan = series.load(scene, tmp_path / "series")
        slices = read_ct(tmp_path / "series").header.slices
        scan.SetAttribute("DICOM.instanceUIDs", " ".join(each.sop_uid for each in slices))
        database = Database({each.sop_uid: each.path for each in slices})
        monkeypatch.setattr(slicer, "dicomDatabase", database, raising=False)
        return scan

    return load


def check(scan: Any) -> None:
    from ICHSegmentationSlicerLib.hemorrhage_scene import HemorrhageScene

    HemorrhageScene(scan.GetScene(), Path()).check(scan)


def outlined(scan: Any, series: PaintedSeries) -> Any:
    from ICHSegmentationSlicerLib.segmentation_nodes import add_segmentation

    return add_segmentation(scan.GetScene(), scan, series.lesion.astype(np.uint8) * 2, None)


def told_of(scan: Any, segmentation: Any) -> list[str]:
    """The warnings on misplaced slices that come with the numbers."""
    from ICHSegmentationSlicerLib.remeasure import remeasure_with_what_was_told

    warnings = remeasure_with_what_was_told(scan, segmentation)["warnings"]
    return [warning for warning in warnings if "as their DICOM files place them" in warning]


def test_a_scan_without_its_acquisition_transform_is_refused(load: Any, series: PaintedSeries) -> None:
    scan = load(series)
    check(scan)
    transform = scan.GetTransformNodeID()
    scan.SetAndObserveTransformNodeID(None)
    with pytest.raises(GeometryError) as refused:
        check(scan)
    assert "2.5 to 8 mm apart, as their DICOM files place them" in refused.value.message
    assert "found them 4.4 mm apart and up to 18.0 mm from their places" in refused.value.message
    assert "Acquisition geometry regularization" in refused.value.hint
    scan.SetAndObserveTransformNodeID(transform)
    check(scan)


def test_numbers_of_such_a_scan_come_with_a_warning(load: Any, series: PaintedSeries) -> None:
    scan = load(series)
    segmentation = outlined(scan, series)
    assert told_of(scan, segmentation) == []
    for node in (scan, segmentation):
        node.SetAndObserveTransformNodeID(None)
    (told,) = told_of(scan, segmentation)
    assert "up to 18.0 mm from their places" in told
    assert "Acquisition geometry regularization" in told


def test_a_scan_that_was_resampled_by_its_transform_is_taken_as_it_is(
    load: Any, series: PaintedSeries
) -> None:
    scan = load(series)
    scan.HardenTransform()
    assert scan.GetParentTransformNode() is None
    check(scan)
    assert told_of(scan, outlined(scan, series)) == []


@pytest.mark.parametrize("placed", [UNEVEN["axial"], EVEN], ids=["uneven", "even"])
def test_of_slices_that_lie_where_they_were_acquired_no_file_is_read(
    load: Any, placed: PaintedSeries
) -> None:
    import slicer

    check(load(placed))
    assert slicer.dicomDatabase.read == []


def test_a_scan_may_be_turned_with_its_transform_but_not_without(scene: Any, load: Any) -> None:
    scan = load(UNEVEN["axial"])
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = [[0.8, -0.6, 0], [0.6, 0.8, 0], [0, 0, 1]], (5, 6, 70)
    turned = make_transform(scene, matrix).GetID()
    scan.GetParentTransformNode().SetAndObserveTransformNodeID(turned)
    check(scan)
    scan.SetAndObserveTransformNodeID(turned)
    with pytest.raises(GeometryError, match="as their DICOM files place them"):
        check(scan)


def test_a_scan_may_be_scaled_as_a_whole(scene: Any, load: Any) -> None:
    scan = load(EVEN)
    scan.SetAndObserveTransformNodeID(make_transform(scene, np.diag([1, 1, 1.3, 1])).GetID())
    check(scan)


def test_of_a_scan_that_is_not_in_the_database_nothing_is_known(
    scene: Any, load: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import slicer

    scan = load(UNEVEN["axial"])
    check(make_scan(scene))
    scan.SetAndObserveTransformNodeID(None)
    uids = scan.GetAttribute("DICOM.instanceUIDs")
    scan.SetAttribute("DICOM.instanceUIDs", uids.split()[0])  # one file of many frames
    check(scan)
    scan.SetAttribute("DICOM.instanceUIDs", uids)
    monkeypatch.setattr(slicer.dicomDatabase, "fileForInstance", lambda uid: "/gone.dcm")
    check(scan)
    for database in (Database({}), None):
        monkeypatch.setattr(slicer, "dicomDatabase", database)
        check(scan)


def test_a_dicom_seg_goes_by_the_order_of_slices_that_lie_elsewhere(
    load: Any, series: PaintedSeries, tmp_path: Path
) -> None:
    pytest.importorskip("highdicom")
    from ICHSegmentationSlicerLib.dicom_scan import files_of, slicers_database
    from ICHSegmentationSlicerLib.seg_export import write_dicom_seg

    scan = load(series)
    files = files_of(scan, slicers_database())
    segmentation = outlined(scan, series)
    for node in (scan, segmentation):
        node.SetAndObserveTransformNodeID(None)
    path = write_dicom_seg(scan, segmentation, files, tmp_path / "seg.dcm")
    mask = read_mask(path, read_ct(tmp_path / "series"))
    np.testing.assert_array_equal(mask.voxels == 2, series.lesion)


def test_a_resampled_scan_is_not_the_series_that_a_dicom_seg_refers_to(
    load: Any, series: PaintedSeries, tmp_path: Path
) -> None:
    pytest.importorskip("highdicom")
    from ICHSegmentationSlicerLib.dicom_scan import files_of, slicers_database
    from ICHSegmentationSlicerLib.seg_export import write_dicom_seg

    scan = load(series)
    segmentation = outlined(scan, series)
    for node in (scan, segmentation):
        node.HardenTransform()
    with pytest.raises(GridMismatchError, match="resampled"):
        write_dicom_seg(scan, segmentation, files_of(scan, slicers_database()), tmp_path / "seg.dcm")
    assert not (tmp_path / "seg.dcm").exists()
