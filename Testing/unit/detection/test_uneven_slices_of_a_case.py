"""A DICOM series with thin slices below and thick ones above, from its files to the result."""

import sys
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from bright_detector import bright_detector
from fakes import SPACING_MM, FakeSegmentation, FakeSegmenter, bleeding, head

from ICHSegmentationLib.detection import Detector
from ICHSegmentationLib.labels import HEMORRHAGE
from ICHSegmentationLib.pipeline import measure_case, segment_case
from ICHSegmentationLib.pipeline.detection import detect_case
from ICHSegmentationLib.settings import SegmentationSettings
from ICHSegmentationLib.volume import CTVolume

sys.path.append(str(Path(__file__).parents[1] / "io"))
from dicom_maker import Series, write_series

KEPT = [*range(0, 13), *range(13, 26, 2)]
"""Of the head's slices: more thin ones than thick, so that their distance is the grid's."""


@pytest.fixture
def an_uneven_series(tmp_path: Path) -> Path:
    stored = (head()[KEPT].astype(np.int32) + 1024).astype(np.uint16)
    positions = np.array(KEPT)[:, None] * np.array([0.0, 0.0, SPACING_MM[0]])
    write_series(Series(stored, positions, pixel_spacing=SPACING_MM[1:]), tmp_path / "series")
    return tmp_path / "series"


class Watched(FakeSegmenter):
    """Remembers the heights of the heads that it was shown, in slices."""

    def __call__(self, ct: CTVolume, progress: object) -> FakeSegmentation:
        self.heights = np.ptp(np.flatnonzero((ct.voxels > 0).any(axis=(1, 2))))
        return super().__call__(ct, progress)  # type: ignore[arg-type]


def test_networks_see_the_head_at_its_height_and_results_lie_on_its_own_slices(
    an_uneven_series: Path, a_segmenter: FakeSegmenter, tmp_path: Path
) -> None:
    watched = Watched(a_segmenter.model)
    detector: Detector = bright_detector(tmp_path / "bright")
    settings = SegmentationSettings(uncertainty=True)
    result = segment_case(an_uneven_series, tmp_path / "out", settings, segmenter=watched, detector=detector)
    own = head()[KEPT]
    assert watched.heights == np.ptp(np.flatnonzero((head() > 0).any(axis=(1, 2))))
    assert np.array_equal(result.mask.voxels > 0, bleeding(own) > 0)
    assert nib.load(result.paths["uncertainty"]).shape[::-1] == own.shape
    found = np.flatnonzero(bleeding(own).any(axis=(1, 2))).tolist()
    assert result.measurements["detection"]["marked_slices"]["hemorrhage"] == found
    (lesion,) = result.measurements["lesions"]
    assert lesion["slices"] == [found[0], found[-1]]
    assert lesion["subtype_confidence"] is not None


def test_a_drawn_mask_keeps_its_voxels_when_its_subtypes_are_told(
    an_uneven_series: Path, a_segmenter: FakeSegmenter, tmp_path: Path
) -> None:
    outlined = segment_case(
        an_uneven_series, tmp_path / "out", SegmentationSettings(subtypes=False), segmenter=a_segmenter
    )
    assert set(np.unique(outlined.mask.voxels)) == {0, HEMORRHAGE.value}
    told = measure_case(an_uneven_series, outlined.paths["mask"], tmp_path / "told", subtypes=True)
    assert np.array_equal(told.mask.voxels > 0, outlined.mask.voxels > 0)
    assert told.measurements["total_volume_ml"] == pytest.approx(outlined.measurements["total_volume_ml"])


def test_a_detector_tells_an_uneven_scan_by_its_own_slices(an_uneven_series: Path, tmp_path: Path) -> None:
    found = detect_case(an_uneven_series, tmp_path / "out", detector=bright_detector(tmp_path / "bright"))
    own = np.flatnonzero(bleeding(head()[KEPT]).any(axis=(1, 2))).tolist()
    assert list(found.detection.marked()) == own
    assert len(found.detection.slices) == len(KEPT)
