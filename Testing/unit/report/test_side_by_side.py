"""Two scans of one head in one picture."""

import numpy as np
import pytest
from report_heads import head, stored

from ICHSegmentationLib.report.preview import GROUND
from ICHSegmentationLib.report.side_by_side import Dated, side_by_side

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
