"""Masks that a person brings, measured without any model."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from fakes import FakeSegmenter, bleeding, head, write_nifti

from ICHSegmentationLib.errors import (
    GridMismatchError,
    UnknownLabelError,
)
from ICHSegmentationLib.io import read_ct, write_mask
from ICHSegmentationLib.pipeline import measure_case, segment_case
from ICHSegmentationLib.settings import SegmentationSettings
from ICHSegmentationLib.volume import Volume


def test_a_given_mask_is_measured_like_a_segmented_one(
    a_ct: Path, a_segmenter: FakeSegmenter, tmp_path: Path
) -> None:
    drawn = write_nifti(tmp_path / "drawn.nii.gz", bleeding(head()))
    measured = measure_case(a_ct, drawn, tmp_path / "measured").measurements
    plain = SegmentationSettings(subtypes=False)
    segmented = segment_case(a_ct, tmp_path / "segmented", plain, segmenter=a_segmenter).measurements
    assert measured["lesions"] == segmented["lesions"]
    assert measured["total_volume_ml"] == segmented["total_volume_ml"]
    assert measured["model"] is None
    assert measured["mask"] == {
        "name": "drawn.nii.gz",
        "sha256": hashlib.sha256(drawn.read_bytes()).hexdigest(),
    }


def test_a_mask_on_another_grid_or_with_an_unknown_label_is_refused(a_ct: Path, tmp_path: Path) -> None:
    smaller = write_nifti(tmp_path / "smaller.nii.gz", bleeding(head())[1:])
    with pytest.raises(GridMismatchError):
        measure_case(a_ct, smaller, tmp_path / "out")
    strange = write_nifti(tmp_path / "strange.nii.gz", bleeding(head()) * np.uint8(77))
    with pytest.raises(UnknownLabelError, match="77"):
        measure_case(a_ct, strange, tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())


def test_a_slicer_segmentation_cut_to_its_segments_measures_as_the_whole_mask(
    a_ct: Path, tmp_path: Path
) -> None:
    ct, whole = read_ct(a_ct), bleeding(head())
    corner = np.argwhere(whole).min(axis=0)
    cut = np.array(ct.affine)
    cut[:3, 3] = ct.grid.world(corner)
    box = whole[tuple(slice(n, None) for n in corner)]
    write_mask(Volume(box, cut), tmp_path / "cut.seg.nrrd")
    measured = measure_case(a_ct, tmp_path / "cut.seg.nrrd", tmp_path / "out").measurements
    expected = measure_case(
        a_ct, write_nifti(tmp_path / "whole.nii.gz", whole), tmp_path / "out2"
    ).measurements
    assert measured["total_volume_ml"] > 1
    assert measured["lesions"] == expected["lesions"]


def test_measuring_a_mask_that_lies_in_the_result_keeps_it_and_a_users_files(
    a_ct: Path, tmp_path: Path
) -> None:
    result = tmp_path / "out" / "ct"
    result.mkdir(parents=True)
    corrected = result / "segmentation.seg.nrrd"
    write_mask(Volume(bleeding(head()), read_ct(a_ct).affine), corrected)
    for name in ("uncertainty.nii.gz", "heatmap_hemorrhage.nii.gz", "report.txt"):
        (result / name).write_text("earlier")
    drawn = corrected.read_bytes()
    measure_case(a_ct, corrected, tmp_path / "out", SegmentationSettings(overwrite=True))
    assert corrected.read_bytes() == drawn
    assert {path.name for path in result.iterdir()} == {
        "measurements.json",
        "preview.png",
        "report.html",
        "report.txt",
        "segmentation.nii.gz",
        "segmentation.seg.nrrd",
    }
