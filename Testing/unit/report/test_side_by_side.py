"""Two scans of one head in one picture."""

import numpy as np
import pytest
from report_heads import canonical_affine, head, stored

from ICHSegmentationLib.labels import INTRAVENTRICULAR, SUBDURAL
from ICHSegmentationLib.report.preview import GROUND
from ICHSegmentationLib.report.side_by_side import Dated, side_by_side
from ICHSegmentationLib.volume import CTVolume, Volume

LINES = (
    "Hemorrhage grew from 5.2 to 7.6 mL (+2.4 mL, +45 %).",
    "This is hematoma expansion by the usual definition (at least 6 mL or at least 33 %).",
)


@pytest.mark.parametrize("slices", [1, 2, 5])
def test_the_sentences_fit_into_the_picture_however_few_slices_it_shows(slices: int):
    case = stored(*head([(2, (3, 3 + slices), (20, 32), (10, 20))]))
    scan = Dated(case.ct, case.mask)
    pixels = np.asarray(side_by_side(scan, scan, np.eye(4), LINES)).astype(int)
    written = np.abs(pixels[:80] - GROUND).max(axis=2) > 20
    assert written.any()
    assert not written[:, -10:].any()


def test_a_new_lesion_thinner_than_the_first_scans_slices_is_shown():
    ventricular = (INTRAVENTRICULAR.value, (2, 8), (20, 32), (10, 20))
    case = stored(*head([ventricular]))
    first = Dated(case.ct, case.mask)
    hu, labels = (np.repeat(array, 5, axis=0) for array in head([ventricular]))
    labels[6, 40:60, 30:50] = SUBDURAL.value  # one mm below the middle of the first scan's second slice
    affine = canonical_affine() @ np.diag([1, 1, 0.2, 1])
    affine[2, 3] -= 2
    second = Dated(CTVolume(hu, affine), Volume(labels, affine))
    assert not _shows(side_by_side(first, first, np.eye(4), LINES), SUBDURAL)
    assert _shows(side_by_side(first, second, np.eye(4), LINES), SUBDURAL)


def _shows(picture, label):
    return (np.abs(np.asarray(picture).astype(int) - label.colour).max(axis=2) < 12).any()
