"""Subtypes on the one path: what a result says of them, and what nobody relabels."""

from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from fakes import FakeSegmenter, bleeding, head, write_nifti

from ICHSegmentationLib import models
from ICHSegmentationLib.cli.parser import parser
from ICHSegmentationLib.detection import CLASSES, Detection
from ICHSegmentationLib.labels import label_named
from ICHSegmentationLib.pipeline import measure_case, segment_case
from ICHSegmentationLib.pipeline.journal import Journal
from ICHSegmentationLib.pipeline.subtypes import told_by_anatomy
from ICHSegmentationLib.preparation.even_slices import EvenSlices
from ICHSegmentationLib.settings import SegmentationSettings
from ICHSegmentationLib.volume import CTVolume, Volume


def off_the_middle() -> np.ndarray:
    """The head of the other tests, its hemorrhage moved 40 mm to the side, deep in a hemisphere."""
    moved = np.where(head() == 70, 35, head()).astype(np.int16)
    moved[np.roll(head() == 70, 20, axis=2)] = 70
    return moved


@pytest.fixture
def a_ct(tmp_path: Path) -> Path:
    return write_nifti(tmp_path / "ct.nii.gz", off_the_middle())


@pytest.fixture
def a_segmenter(a_model_folder: Path) -> FakeSegmenter:
    return FakeSegmenter(models.find(a_model_folder))


def values(path: Path) -> np.ndarray:
    return np.asarray(nib.load(path).dataobj).T


def test_a_deep_lesion_of_a_model_that_only_knows_hemorrhage_is_told_to_be_parenchymal(
    a_ct: Path, a_segmenter: FakeSegmenter, tmp_path: Path
) -> None:
    result = segment_case(a_ct, tmp_path / "out", segmenter=a_segmenter)
    (lesion,) = result.measurements["lesions"]
    assert lesion["label"] == "intraparenchymal"
    assert lesion["subtype_told_by"] == "anatomy"
    assert 0.5 < lesion["subtype_confidence"] <= 1
    assert lesion["touches"] == []
    assert lesion["tada"]["applicable"]
    assert result.measurements["subtypes"] == {"intraparenchymal": pytest.approx(lesion["volume_ml"])}
    assert np.array_equal(values(result.paths["mask"]), bleeding(off_the_middle()) * 2)
    assert np.array_equal(result.mask.voxels, values(result.paths["mask"]))
    assert "subtypes" in result.measurements["timings_s"]
    page = result.paths["report"].read_text("utf-8")
    assert "told from the shape and place" in page and "did not see them" in page


def test_hemorrhage_stays_hemorrhage_where_subtypes_are_switched_off(
    a_ct: Path, a_segmenter: FakeSegmenter, tmp_path: Path
) -> None:
    options = parser().parse_args(["segment", "ct.nii.gz", "-o", "out", "--no-subtypes"])
    assert not options.subtypes and parser().parse_args(["segment", "ct.nii.gz", "-o", "out"]).subtypes
    settings = SegmentationSettings(subtypes=options.subtypes)
    result = segment_case(a_ct, tmp_path / "out", settings, segmenter=a_segmenter)
    assert result.measurements["subtypes"] == {}
    (lesion,) = result.measurements["lesions"]
    assert lesion["label"] == "hemorrhage" and "subtype_told_by" not in lesion
    assert np.array_equal(values(result.paths["mask"]), bleeding(off_the_middle()))
    assert "told from the shape and place" not in result.paths["report"].read_text("utf-8")


def test_a_drawn_mask_stays_as_its_author_drew_it_unless_subtypes_are_asked_for(
    a_ct: Path, tmp_path: Path
) -> None:
    drawn = write_nifti(tmp_path / "drawn.nii.gz", bleeding(off_the_middle()))
    plain = measure_case(a_ct, drawn, tmp_path / "plain")
    assert np.array_equal(values(plain.paths["mask"]), bleeding(off_the_middle()))
    assert plain.measurements["lesions"][0]["label"] == "hemorrhage"
    asked = measure_case(a_ct, drawn, tmp_path / "asked", subtypes=True)
    assert np.array_equal(values(asked.paths["mask"]), bleeding(off_the_middle()) * 2)
    assert asked.measurements["lesions"][0]["subtype_told_by"] == "anatomy"
    assert asked.measurements["total_volume_ml"] == plain.measurements["total_volume_ml"]


def test_the_labels_of_a_model_that_tells_subtypes_are_kept(
    a_ct: Path, a_segmenter: FakeSegmenter, tmp_path: Path
) -> None:
    model = a_segmenter.model
    a_segmenter.model = replace(model, manifest=replace(model.manifest, labels=("hemorrhage", "subdural")))
    result = segment_case(a_ct, tmp_path / "out", segmenter=a_segmenter)
    (lesion,) = result.measurements["lesions"]
    assert (lesion["label"], lesion["subtype_told_by"]) == ("hemorrhage", "model")
    assert lesion["subtype_confidence"] is None
    assert "told from the shape and place" not in result.paths["report"].read_text("utf-8")


def test_a_detector_that_is_sure_of_another_subtype_lowers_the_confidence() -> None:
    affine = np.diag([-2.0, -2.0, 5.0, 1.0])
    ct = CTVolume(off_the_middle(), affine)
    mask = Volume(bleeding(ct.voxels), affine)

    def confidence(subtype: str) -> float:
        slices = np.zeros((26, len(CLASSES)), np.float32)
        slices[:, CLASSES.index(subtype)] = 1
        detection = Detection(slices[0], slices, np.full(len(CLASSES), 0.5, np.float32))
        _, told = told_by_anatomy(EvenSlices.of(ct), mask, detection, Journal("ct", lambda event: None), 0.8)
        assert told.told_by == "anatomy and detector"
        voxel = tuple(int(n) for n in np.argwhere(mask.voxels)[0])
        return max(told.confidence(label, voxel) or 0.0 for label in map(label_named, CLASSES))

    assert confidence("subdural") < confidence("intraparenchymal")
