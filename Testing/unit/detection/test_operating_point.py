"""From logits to probabilities and marks, as a model.json says."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bright_detector import THRESHOLDS, document, write_folder
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ICHSegmentationLib.detection import CLASSES, Detector
from ICHSegmentationLib.detection.calibration import Calibration
from ICHSegmentationLib.detection.operating_point import OperatingPoint, numbers_of
from ICHSegmentationLib.detection.subtype_shares import SubtypeShares
from ICHSegmentationLib.errors import ModelError, ModelTamperedError


def point(tmp_path: Path, **changes: Any) -> OperatingPoint:
    return OperatingPoint.of(write_folder(tmp_path / "model", **changes).manifest)


def test_logits_are_divided_by_the_temperature(tmp_path: Path):
    logits = np.array([[4.0, 0, -2, 2, 0, 0]], np.float32)
    found = point(tmp_path, inference={**THRESHOLDS, "temperature": 2.0}).probabilities(logits)
    # 1 / (1 + e^-2), 1/2, 1 / (1 + e), 1 / (1 + e^-1)
    np.testing.assert_allclose(found[0], [0.880797, 0.5, 0.268941, 0.731059, 0.5, 0.5], atol=1e-6)


def test_outputs_in_another_order_come_out_in_the_order_of_the_classes(tmp_path: Path):
    found = point(tmp_path, labels=list(CLASSES[::-1]))
    logits = np.arange(6, dtype=np.float32)[None] - 3
    assert (np.diff(found.probabilities(logits)[0]) < 0).all()
    thresholds = {**THRESHOLDS, "threshold_subdural": 0.9}
    other = point(tmp_path / "other", labels=list(CLASSES[::-1]), inference=thresholds)
    assert other.thresholds.tolist() == pytest.approx([0.5, 0.5, 0.5, 0.5, 0.5, 0.9])


def test_a_scan_is_as_likely_as_its_highest_images(tmp_path: Path):
    images = np.full((4, 6), 0.5)
    images[:, 0], images[:, 5] = [0.4, 0.9, 0.5, 0.2], [0.3, 0.1, 0.1, 0.1]
    logits = np.log(images / (1 - images)).astype(np.float32)
    assert point(tmp_path).of_scan(logits)[[0, 5]].tolist() == pytest.approx([0.9, 0.3])
    two = point(tmp_path / "two", inference={**THRESHOLDS, "scan_slices": 2})
    assert two.of_scan(logits)[[0, 5]].tolist() == pytest.approx([0.7, 0.2])
    assert two.of_scan(logits[:1])[0] == pytest.approx(0.4)
    assert two.of_scan(logits[:0]).tolist() == [0] * 6


def test_offsets_are_added_to_the_divided_logits_each_to_its_class(tmp_path: Path):
    offsets = {f"offset_{label}": -number for number, label in enumerate(CLASSES)}
    found = point(tmp_path, inference={**THRESHOLDS, **offsets, "temperature": 2.0})
    # logits of 2 make 1, 0, -1, ...
    wanted = 1 / (1 + np.exp(np.arange(-1, 5)))
    np.testing.assert_allclose(found.probabilities(np.full((1, 6), 2, np.float32))[0], wanted, atol=1e-6)


def test_a_calibrated_scan_is_judged_by_how_many_images_are_expected_to_bleed(tmp_path: Path):
    images = np.full((4, 6), 0.1)
    images[:, 0] = [0.9, 0.8, 0.2, 0.1]
    logits = np.log(images / (1 - images)).astype(np.float32)
    numbers = {"scan_temperature": 0.5, **{f"scan_offset_{label}": -1.0 for label in CLASSES}}
    found = point(tmp_path, inference={**THRESHOLDS, **numbers})
    # 2 and 0.4 images: 1 / (1 + exp(1 - 2 ln 2)) = 4 / (4 + e), and 0.16 / (0.16 + e)
    assert found.of_scan(logits)[:2].tolist() == pytest.approx([4 / (4 + np.e), 0.16 / (0.16 + np.e)])
    assert found.of_scan(logits[:0]).tolist() == [0] * 6
    # The likeliest slice, 0.9 by itself, is as likely as the scan, and the others keep their ratio to it.
    of_slices = found.probabilities(logits)[:, 0]
    assert of_slices.tolist() == pytest.approx((images[:, 0] / 0.9 * 4 / (4 + np.e)).tolist(), rel=1e-5)


SHARES = SubtypeShares(*(tuple(float(10 * row + column) for column in range(5)) for row in range(5)))
LOGITS = arrays(np.float32, (5, 6), elements=st.floats(-40, 40, width=32))
OFFSETS = st.tuples(*[st.floats(-20, 20)] * 6)


@given(logits=LOGITS, offsets=OFFSETS, of_scans=OFFSETS, temperature=st.floats(0.1, 5), counted=st.booleans())
def test_no_subtype_is_likelier_than_any_hemorrhage_on_a_slice_or_a_scan(
    logits: np.ndarray, offsets: tuple, of_scans: tuple, temperature: float, counted: bool
):
    found = Calibration(temperature, offsets, 2, temperature if counted else None, of_scans)
    slices, scan = found.of_images(logits), found.of_scan(logits)
    assert (slices[:, 1:] <= slices[:, :1]).all() and (scan[1:] <= scan[0]).all()
    any_alone = 1 / (1 + np.exp(-(logits[:, 0].astype(float) / temperature + offsets[0])))
    np.testing.assert_allclose(slices[:, 0], any_alone, rtol=1e-3, atol=1e-30)


@given(logits=LOGITS, offsets=OFFSETS, of_scans=OFFSETS, temperature=st.floats(0.1, 5), counted=st.booleans())
def test_no_slice_is_likelier_to_bleed_than_its_scan(
    logits: np.ndarray, offsets: tuple, of_scans: tuple, temperature: float, counted: bool
):
    found = Calibration(temperature, offsets, 2, temperature if counted else None, of_scans)
    slices, scan, alone = found.of_all_images(logits), found.of_scan(logits), found.of_images(logits)
    assert (slices <= scan * (1 + 1e-9)).all() and (slices[:, 1:] <= slices[:, :1]).all()
    assert (np.diff(slices[np.argsort(alone[:, 0]), 0]) >= 0).all()  # their order stays
    if (alone <= scan).all():
        np.testing.assert_array_equal(slices, alone)


def test_slices_that_would_be_likelier_than_their_scan_are_lowered_by_one_factor():
    images = np.full((20, 6), 0.1)
    images[:2, 0] = 0.9, 0.6
    logits = np.log(images / (1 - images))
    # 3.3 images are expected to bleed: 1 / (1 + exp(2 - ln 3.3)) = 0.3087
    found = Calibration(scan_temperature=1.0, scan_offsets=(-2.0,) * 6)
    scan = 3.3 / (3.3 + np.e**2)
    assert found.of_scan(logits)[0] == pytest.approx(scan)
    assert found.of_all_images(logits)[[0, 1, 2], 0] == pytest.approx([scan, scan * 6 / 9, scan / 9])


def test_a_subtype_that_would_be_likelier_is_as_likely_as_any_hemorrhage(tmp_path: Path):
    # What its numbers alone make: 0.5, 0.731059, 0.268941, ...
    found = point(tmp_path).probabilities(np.array([[0.0, 1, -1, 0, 0, 0]], np.float32))
    np.testing.assert_allclose(found[0], [0.5, 0.5, 0.268941, 0.5, 0.5, 0.5], atol=1e-6)


def test_a_scan_of_fewer_images_than_a_head_has_is_judged_as_if_the_rest_were_alike(tmp_path: Path):
    images = np.full((20, 6), 0.1)
    images[:, 0] = 0.5
    logits = np.log(images / (1 - images)).astype(np.float32)
    found = point(tmp_path, inference={**THRESHOLDS, "scan_temperature": 1.0, "scan_images": 10})
    # half of 10, 10, 10 and 20 images
    of_scans = [found.of_scan(logits[:count])[0] for count in (1, 5, 10, 20)]
    assert of_scans == pytest.approx([5 / 6, 5 / 6, 5 / 6, 10 / 11])
    assert found.of_scan(logits[:0]).tolist() == [0] * 6


def test_what_is_written_into_a_manifest_is_read_back_as_it_was(tmp_path: Path):
    calibration = Calibration(0.7, (-2.0, 1, 2, 3, 4, 5), 1, 0.4, (1.0, 0, 0, 0, 0, -1), 24, SHARES)
    thresholds, of_scans = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6], [0.9, 0.8, 0.7, 0.6, 0.5, 0.4]
    found = point(tmp_path, inference=numbers_of(calibration, thresholds, of_scans, 0.25))
    assert found.calibration == calibration and found.neighbour_share == 0.25
    assert found.thresholds.tolist() == pytest.approx(thresholds)
    assert found.scan_thresholds.tolist() == pytest.approx(of_scans)
    plain = numbers_of(Calibration(2.0, scan_slices=3), thresholds, thresholds, 0.0)
    assert plain.keys() == {"temperature", "scan_slices", *(f"threshold_{label}" for label in CLASSES)}


def test_neighbours_are_mixed_in_before_the_temperature(tmp_path: Path):
    mixing = point(tmp_path, inference={**THRESHOLDS, "neighbour_share": 0.25, "temperature": 2.0})
    logits = np.zeros((4, 6), np.float32)
    logits[:, 0] = [0, 4, 0, -100]  # the last shows no brain
    found = mixing.probabilities(logits)[:, 0]
    # (0 + 0 + 0 + 4) / 4, (0 + 4 + 4 + 0) / 4, (4 + 0 + 0 - 6) / 4, (0 - 6 - 6 - 6) / 4, each over 2
    np.testing.assert_allclose(found, 1 / (1 + np.exp([-0.5, -1.0, 0.25, 2.25])), atol=1e-6)
    assert mixing.probabilities(logits[:1])[0, 0] == pytest.approx(0.5)
    assert mixing.probabilities(logits[:0]).shape == (0, 6)


def test_extreme_logits_give_probabilities_without_a_warning(tmp_path: Path):
    with np.errstate(all="raise"):
        found = point(tmp_path).probabilities(np.array([[1e4, -1e4, 0, 0, 0, 0]], np.float32))
    assert found[0, :2].tolist() == pytest.approx([1, 0])


@pytest.mark.parametrize(
    "changes",
    [
        {"recipe": "cascade"},
        {"labels": ["hemorrhage", "subdural"]},
        {"inference": {"temperature": 1.0}},
        {"inference": {**THRESHOLDS, "temperature": 0}},
        {"inference": {**THRESHOLDS, "threshold_subdural": 1.0}},
        {"inference": {**THRESHOLDS, "scan_slices": 1.5}},
        {"inference": {**THRESHOLDS, "mystery": 1}},
        {"inference": {**THRESHOLDS, "offset_hemorrhage": 1.0}},
        {"inference": {**THRESHOLDS, **{f"scan_threshold_{label}": 1.0 for label in CLASSES}}},
        {"inference": {**THRESHOLDS, "scan_temperature": 0.0}},
        {"inference": {**THRESHOLDS, "scan_temperature": 1.0, "scan_images": 0.5}},
        {"inference": {**THRESHOLDS, "scan_images": 24}},
        {"inference": {**THRESHOLDS, **{f"scan_offset_{label}": 1.0 for label in CLASSES}}},
        {"inference": {**THRESHOLDS, "neighbour_share": 0.4}},
        {"inference": {**THRESHOLDS, **{f"share_slopes_{label}": 1.0 for label in CLASSES[1:]}}},
        {"stages": {"other": document()["stages"]["slices"]}},
    ],
    ids=str,
)
def test_a_model_that_is_no_detector_is_refused(tmp_path: Path, changes: dict[str, Any]):
    with pytest.raises(ModelError, match=r"[Ee]xpected"):
        Detector.open(write_folder(tmp_path / "model", **changes))


def test_changed_weights_are_refused(tmp_path: Path):
    model = write_folder(tmp_path / "model")
    (model.path / "slices.safetensors").write_bytes(b"changed")
    with pytest.raises(ModelTamperedError):
        Detector.open(model)
