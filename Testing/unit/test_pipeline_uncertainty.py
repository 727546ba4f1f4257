"""Uncertainty on the one path: its map, and who needs a second look."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from fakes import FakeSegmenter, bleeding, head, write_nifti

from ICHSegmentationLib.pipeline import measure_case, segment_case
from ICHSegmentationLib.settings import SegmentationSettings


def test_the_map_of_uncertainty_is_written_when_asked_for_on_the_scans_grid(
    a_ct: Path, a_segmenter: FakeSegmenter, tmp_path: Path
) -> None:
    doubt = (head() == 35).astype(np.uint8) * 50
    a_segmenter.unsure = doubt
    settings = SegmentationSettings(uncertainty=True)
    result = segment_case(a_ct, tmp_path / "out", settings, segmenter=a_segmenter)
    written, ct = nib.load(result.paths["uncertainty"]), nib.load(a_ct)
    assert result.paths["uncertainty"].name == "uncertainty.nii.gz"
    assert np.array_equal(written.affine, ct.affine)
    assert np.array_equal(np.asarray(written.dataobj).T, doubt)


def test_a_second_look_is_asked_for_in_the_numbers_and_on_the_page_with_or_without_the_map(
    a_ct: Path, a_segmenter: FakeSegmenter, tmp_path: Path
) -> None:
    a_segmenter.unsure = (head() == 35).astype(np.uint8) * 50
    result = segment_case(a_ct, tmp_path / "out", segmenter=a_segmenter)
    told = result.measurements["uncertainty"]
    assert told["second_look"] is True
    assert told["unsure_ml"] == pytest.approx(np.count_nonzero(head() == 35) * 20 / 1000)
    assert "This case needs a second look" in result.paths["report"].read_text("utf-8")
    assert "uncertainty" not in result.paths


def test_a_thick_sliced_scan_needs_a_second_look(a_segmenter: FakeSegmenter, tmp_path: Path) -> None:
    image = nib.Nifti1Image(head().T, np.diag([-2.0, -2.0, 8.0, 1.0]))
    nib.save(image, tmp_path / "ct.nii.gz")
    result = segment_case(tmp_path / "ct.nii.gz", tmp_path / "out", segmenter=a_segmenter)
    assert "8.0 mm apart" in result.measurements["uncertainty"]["reasons"][0]


def test_a_mask_that_a_person_drew_has_no_uncertainty(a_ct: Path, tmp_path: Path) -> None:
    mask = write_nifti(tmp_path / "mask.nii.gz", bleeding(head()))
    assert measure_case(a_ct, mask, tmp_path / "out").measurements["uncertainty"] is None
