"""The button: from a scan to a shown result, and every way in which that may end otherwise."""

from __future__ import annotations

from typing import Any

from opening import PlannedSetup
from volumes import bleed_slices


def bleed_mask(scan: Any, label: int = 2) -> Any:
    import numpy as np
    import slicer

    shape = slicer.util.arrayFromVolume(scan).shape
    mask = np.zeros(shape, np.uint8)
    mask[bleed_slices(shape)] = label
    return mask


def run(opened: Any, setup: PlannedSetup, scan: Any) -> Any:
    """A panel whose run has ended well."""
    panel = opened(setup)
    panel.press("applyButton")
    setup.worker.finish(bleed_mask(scan))
    assert panel.settle(lambda: panel.panel.session.measurements is not None, 5)
    panel.settle()
    return panel


def test_the_scan_in_view_is_chosen_already(opened: Any, scan: Any) -> None:
    panel = opened(PlannedSetup())
    assert panel.ui.scanSelector.currentNode() is scan


def test_a_run_ends_in_a_segmentation_with_its_numbers(opened: Any, scan: Any, scene: Any) -> None:
    panel = run(opened, PlannedSetup(), scan)
    (node,) = [scene.GetFirstNodeByClass("vtkMRMLSegmentationNode")]
    assert node.GetName() == "CT hemorrhage"
    assert "mL in 1 lesion" in panel.said("headlineLabel")
