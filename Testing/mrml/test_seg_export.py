"""The result as a DICOM SEG on the series of a scan that Slicer loaded from DICOM."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pydicom
import pytest
from volumes import make_scan, make_transform

from ICHSegmentationLib.errors import GridMismatchError, InputError
from ICHSegmentationLib.io import read_ct, read_mask

sys.path.append(str(Path(__file__).parents[1] / "unit" / "io"))

from dicom_maker import AXIAL, head_series, write_series
from test_dicom_series import OBLIQUE, TILTED

pytest.importorskip("highdicom")

TO_RAS = np.diag([-1.0, -1.0, 1.0])


def loaded(scene: Any, folder: Path, orientation: Any, downwards: bool = False) -> tuple[Any, Any, Any]:
    """A series, its CT, and the node that Slicer makes of it: upright, with each slice as it is stored.

    Slicer puts a tilted scan's slant into a transform above the node, which export does not look at.
    """
    series = head_series(8, orientation=AXIAL if orientation == TILTED else orientation)
    series.orientation = orientation  # the slices of a tilted gantry still stand one above the other
    write_series(series, folder)
    ct = read_ct(folder)
    order = list(range(8))[:: -1 if downwards else 1]
    columns, rows = np.array(orientation[:3]), np.array(orientation[3:])
    normal = np.cross(columns, rows)
    affine = np.eye(4)
    distance = ct.grid.slice_distance * (-1 if downwards else 1)
    between_rows, between_columns = series.pixel_spacing
    affine[:3, :3] = TO_RAS @ np.column_stack(
        [columns * between_columns, rows * between_rows, normal * distance]
    )
    affine[:3, 3] = TO_RAS @ series.positions[order[0]]
    scan = make_scan(scene, affine, series.hu[order].astype(np.int16))
    uids = [ct.header.slices[k].sop_uid for k in order]
    scan.SetAttribute("DICOM.instanceUIDs", " ".join(uids))
    return scan, ct, SimpleNamespace(fileForInstance={s.sop_uid: str(s.path) for s in ct.header.slices}.get)


def with_result(scene: Any, scan: Any, facts: Any = None) -> tuple[Any, np.ndarray]:
    from ICHSegmentationSlicerLib.segmentation_nodes import add_segmentation

    mask = np.zeros((8, 6, 7), np.uint8)
    mask[1:4, 1:3, 2:5] = 2
    mask[3, 4, 1:6] = 3
    return add_segmentation(scene, scan, mask, facts), mask


@pytest.mark.parametrize("downwards", [False, True], ids=["upwards", "downwards"])
@pytest.mark.parametrize(
    "orientation", [(1, 0, 0, 0, 1, 0), OBLIQUE, TILTED], ids=["axial", "oblique", "tilted"]
)
def test_each_voxel_comes_to_lie_on_its_slice(
    scene: Any, tmp_path: Path, orientation: Any, downwards: bool
) -> None:
    from ICHSegmentationSlicerLib.dicom_scan import files_of, is_from_dicom
    from ICHSegmentationSlicerLib.seg_export import write_dicom_seg

    scan, ct, database = loaded(scene, tmp_path / "ct", orientation, downwards)
    assert is_from_dicom(scan)
    segmentation, mask = with_result(scene, scan, {"id": "default", "version": "1.0.0"})
    path = write_dicom_seg(scan, segmentation, files_of(scan, database), tmp_path / "seg.dcm")
    read = read_mask(path, ct).voxels
    np.testing.assert_array_equal(read, mask[::-1] if downwards else mask)
    seg = pydicom.dcmread(path)
    assert [segment.SegmentAlgorithmType for segment in seg.SegmentSequence] == ["AUTOMATIC"] * 2


def test_an_edit_by_a_person_is_told(scene: Any, tmp_path: Path) -> None:
    from ICHSegmentationSlicerLib.dicom_scan import files_of
    from ICHSegmentationSlicerLib.seg_export import write_dicom_seg
    from ICHSegmentationSlicerLib.segmentation_nodes import mark_edited

    scan, _ct, database = loaded(scene, tmp_path / "ct", (1, 0, 0, 0, 1, 0))
    segmentation, _mask = with_result(scene, scan, {"id": "default", "version": "1.0.0"})
    mark_edited(segmentation.GetSegmentation().GetNthSegment(0))
    write_dicom_seg(scan, segmentation, files_of(scan, database), tmp_path / "seg.dcm")
    segment = pydicom.dcmread(tmp_path / "seg.dcm").SegmentSequence[0]
    assert segment.SegmentAlgorithmType == "SEMIAUTOMATIC"
    assert segment.SegmentAlgorithmName == "default"


def test_what_a_person_left_nothing_of_is_not_the_models_alone(scene: Any, tmp_path: Path) -> None:
    from ICHSegmentationSlicerLib.dicom_scan import files_of
    from ICHSegmentationSlicerLib.seg_export import write_dicom_seg

    scan, ct, database = loaded(scene, tmp_path / "ct", (1, 0, 0, 0, 1, 0))
    segmentation, _mask = with_result(scene, scan, {"id": "default", "version": "1.0.0"})
    segmentation.GetSegmentation().RemoveAllSegments()
    path = write_dicom_seg(scan, segmentation, files_of(scan, database), tmp_path / "seg.dcm")
    assert not read_mask(path, ct).voxels.any()
    (segment,) = pydicom.dcmread(path).SegmentSequence
    assert segment.SegmentAlgorithmType == "SEMIAUTOMATIC"


def test_a_scan_that_is_no_longer_its_series_is_refused(scene: Any, tmp_path: Path) -> None:
    from ICHSegmentationSlicerLib.dicom_scan import files_of
    from ICHSegmentationSlicerLib.seg_export import write_dicom_seg

    scan, _ct, database = loaded(scene, tmp_path / "ct", (1, 0, 0, 0, 1, 0))
    segmentation, _mask = with_result(scene, scan)
    files = files_of(scan, database)
    x, y, z = scan.GetOrigin()
    scan.SetOrigin(x + 1, y, z)
    with pytest.raises(GridMismatchError, match="loaded from DICOM"):
        write_dicom_seg(scan, segmentation, files, tmp_path / "seg.dcm")
    scan.SetOrigin(x, y, z)
    with pytest.raises(GridMismatchError, match="loaded from DICOM"):
        write_dicom_seg(scan, segmentation, files[1:], tmp_path / "seg.dcm")
    assert not (tmp_path / "seg.dcm").exists()


def test_a_segmentation_that_lies_elsewhere_than_its_scan_is_refused(scene: Any, tmp_path: Path) -> None:
    from ICHSegmentationSlicerLib.dicom_scan import files_of
    from ICHSegmentationSlicerLib.seg_export import write_dicom_seg

    scan, ct, database = loaded(scene, tmp_path / "ct", (1, 0, 0, 0, 1, 0))
    segmentation, mask = with_result(scene, scan)
    moved = np.eye(4)
    moved[:3, 3] = 5, 6, 7
    transform = make_transform(scene, moved)
    scan.SetAndObserveTransformNodeID(transform.GetID())
    files, path = files_of(scan, database), tmp_path / "seg.dcm"
    with pytest.raises(InputError, match="same transform"):
        write_dicom_seg(scan, segmentation, files, path)
    assert not path.exists()
    segmentation.SetAndObserveTransformNodeID(transform.GetID())
    write_dicom_seg(scan, segmentation, files, path)
    np.testing.assert_array_equal(read_mask(path, ct).voxels, mask)


def test_slices_that_have_gone_from_the_database_are_told(scene: Any, tmp_path: Path) -> None:
    from ICHSegmentationSlicerLib.dicom_scan import files_of, is_from_dicom

    scan, _ct, database = loaded(scene, tmp_path / "ct", (1, 0, 0, 0, 1, 0))
    (tmp_path / "ct" / "IM0003.dcm").unlink()
    for without in (database, SimpleNamespace(fileForInstance=lambda uid: ""), None):
        with pytest.raises(InputError, match="DICOM database"):
            files_of(scan, without)
    assert not is_from_dicom(make_scan(scene))
    assert not is_from_dicom(None)


def test_a_seg_converted_to_a_slicer_file_shows_where_its_frames_say(scene: Any, tmp_path: Path) -> None:
    """Slicer's own reader of segmentations, on what ``ichseg convert`` makes of the SEG."""
    import slicer

    from ICHSegmentationLib.cli import main
    from ICHSegmentationLib.io import write_mask
    from ICHSegmentationLib.volume import Volume

    _scan, ct, _database = loaded(scene, tmp_path / "ct", OBLIQUE)
    mask = np.zeros(ct.voxels.shape, np.uint8)
    mask[5, 2, 4] = 3
    write_mask(Volume(mask, ct.affine), tmp_path / "seg.dcm", ct)
    arguments = [tmp_path / "seg.dcm", tmp_path / "out.seg.nrrd", "--ct", tmp_path / "ct"]
    assert main(["convert", *map(str, arguments)]) == 0
    storage = slicer.vtkMRMLSegmentationStorageNode()
    scene.AddNode(storage)
    storage.SetFileName(str(tmp_path / "out.seg.nrrd"))
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    assert storage.ReadData(node)
    content = node.GetSegmentation()
    assert content.GetNumberOfSegments() == 1
    assert content.GetNthSegment(0).GetName() == "Intraventricular hemorrhage"
    bounds = np.zeros(6)
    node.GetRASBounds(bounds)
    frame = pydicom.dcmread(tmp_path / "seg.dcm").PerFrameFunctionalGroupsSequence[0]
    columns, rows = np.array(OBLIQUE[:3]), np.array(OBLIQUE[3:])
    corner = np.array(frame.PlanePositionSequence[0].ImagePositionPatient, float)
    place = TO_RAS @ (corner + 4 * 0.45 * columns + 2 * 0.5 * rows)
    np.testing.assert_allclose(bounds.reshape(3, 2).mean(axis=1), place, atol=1e-3)
