"""Small regions stay where the detector marks hemorrhage and nothing else is outlined, and nowhere else."""

from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from bright_detector import bright_detector
from fakes import FakeSegmenter, bleeding, head, write_nifti
from test_detection_result import detection

from ICHSegmentationLib import models
from ICHSegmentationLib.detection import Detection
from ICHSegmentationLib.pipeline import segment_case
from ICHSegmentationLib.pipeline.confirmed import with_confirmed
from ICHSegmentationLib.settings import SegmentationSettings
from ICHSegmentationLib.volume import CTVolume, Volume

AFFINE = np.diag([-1.0, -1.0, 5.0, 1.0])
SHAPE = (20, 16, 16)


def likely(*slices: int) -> Detection:
    return detection({"hemorrhage": [0.9 if index in slices else 0.03 for index in range(SHAPE[0])]})


def region(*slices: int, corner: int = 2) -> Volume:
    voxels = np.zeros(SHAPE, np.uint8)
    voxels[list(slices), corner : corner + 3, 2:5] = 1
    return Volume(voxels, AFFINE)


def confirmed(specks: Volume | None, found: Detection | None, outlined: Volume | None = None):
    ct = CTVolume(np.full(SHAPE, 35, np.int16), AFFINE)
    return with_confirmed(ct, outlined or region(), specks, found)


def test_a_speck_on_a_marked_slice_stays_whole_and_that_is_told():
    mask, said = confirmed(region(5, 6), likely(6))
    assert np.array_equal(mask.voxels, region(5, 6).voxels)
    assert said == (
        "The outline on slices 6–7 stays only because the detector marks hemorrhage there: "
        "alone, the model leaves so small a region out.",
    )


def test_a_speck_on_a_slice_that_is_not_marked_does_not_stay():
    mask, said = confirmed(region(5, 6), likely(9))
    assert not mask.voxels.any()
    assert said == ()


def test_beside_an_outline_the_mark_is_the_outlines():
    outlined = region(7, 8, corner=9)
    for near in (6, 7):
        mask, said = confirmed(region(near), likely(near, 7, 8), outlined)
        assert mask is outlined
        assert said == ()


def test_far_from_the_outline_a_speck_is_added_to_it():
    outlined = region(15, corner=9)
    mask, _ = confirmed(region(5), likely(5, 15), outlined)
    assert np.array_equal(mask.voxels, outlined.voxels + region(5).voxels)


def test_in_a_scan_that_is_not_called_likely_no_speck_stays():
    unlikely = replace(likely(5), scan_thresholds=np.full(6, 0.95, np.float32))
    assert unlikely.marked() == (5,)
    assert not confirmed(region(5), unlikely)[0].voxels.any()


def test_without_a_detector_or_of_a_segmenter_without_specks_all_is_as_it_was():
    assert not confirmed(region(5), None)[0].voxels.any()
    assert not confirmed(None, likely(5))[0].voxels.any()


class OnlySpecks(FakeSegmenter):
    """Outlines nothing and tells of all blood as too small."""

    def __call__(self, ct, progress):
        found = super().__call__(ct, progress)
        return replace(found, mask=Volume(np.zeros_like(found.mask.voxels), ct.affine), specks=found.mask)


@pytest.mark.parametrize("detect", [True, False])
def test_a_case_keeps_measures_and_tells_of_what_the_detector_confirms(
    detect: bool, a_model_folder: Path, tmp_path: Path
):
    ct, segmenter = write_nifti(tmp_path / "ct.nii.gz", head()), OnlySpecks(models.find(a_model_folder))
    settings, detector = SegmentationSettings(detect=detect), bright_detector(tmp_path / "bright")
    result = segment_case(
        ct, tmp_path / "out", settings, segmenter=segmenter, detector=detector if detect else None
    )
    kept = np.asarray(nib.load(result.paths["mask"]).dataobj).T > 0
    assert np.array_equal(kept, bleeding(head()) * detect)
    stays = [reason for reason in result.measurements["uncertainty"]["reasons"] if "stays only" in reason]
    assert len(stays) == detect
    assert (result.measurements["total_volume_ml"] > 8) == detect
