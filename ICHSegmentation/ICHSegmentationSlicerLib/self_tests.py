"""The module's own tests, run in Slicer with the real worker and model: by the Test button and by CTest.

Where PyTorch is not installed yet, the tests that segment are skipped, and say so.
"""

from __future__ import annotations

import tempfile
import time
import unittest
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import slicer

if TYPE_CHECKING:
    import numpy as np

    from ICHSegmentationLib.phantom import Phantom

    _TestCase = unittest.TestCase
else:
    _TestCase = object  # the other base of the module's test is Slicer's test case

# A head in few voxels, so that a test takes seconds.
_SHAPE, _SPACING = (26, 128, 128), (5.0, 1.8, 1.8)
_SEED, _SUBTYPE, _VOLUME_ML = 1, "intraparenchymal", 22.0


class SelfTests(_TestCase):
    """Mixed into the module's ``ScriptedLoadableModuleTest``."""

    def runTest(self, **_options: Any) -> None:
        """All tests, as the Test button starts them."""
        suite = unittest.defaultTestLoader.loadTestsFromTestCase(type(self))
        if not unittest.TextTestRunner(verbosity=2).run(suite).wasSuccessful():
            raise AssertionError("A test of the module failed: see the Python console.")

    def setUp(self) -> None:
        slicer.mrmlScene.Clear()

    def tearDown(self) -> None:
        slicer.mrmlScene.Clear()

    def test_a_hemorrhage_is_found_at_its_place_with_its_volume(self) -> None:
        from ICHSegmentationSlicerLib.segmentation_nodes import mask_of

        scan, truth = self.make_head()
        segmentation, measurements = self.segment(scan)
        self.assertEqual(segmentation.GetName(), "Head hemorrhage")
        self.assertEqual(segmentation.GetSegmentation().GetNumberOfSegments(), 1)
        self.assertGreater(_dice(mask_of(segmentation, scan) > 0, truth > 0), 0.7)
        self.assertAlmostEqual(measurements["total_volume_ml"], _VOLUME_ML, delta=0.3 * _VOLUME_ML)
        self.assertGreater(measurements["subtypes"][_SUBTYPE], 0.8 * measurements["total_volume_ml"])

    def test_a_head_without_hemorrhage_ends_well(self) -> None:
        scan, _truth = self.make_head(subtype=None)
        segmentation, measurements = self.segment(scan)
        self.assertIsNotNone(segmentation)
        self.assertLess(measurements["total_volume_ml"], 1.0)

    def test_the_result_lies_where_the_scans_transform_puts_it(self) -> None:
        import numpy as np

        scan, truth = self.make_head()
        moved = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "Moved")
        matrix = np.eye(4)
        matrix[:3, 3] = 30.0, -20.0, 50.0
        moved.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(matrix))
        scan.SetAndObserveTransformNodeID(moved.GetID())
        segmentation, _measurements = self.segment(scan)
        self.assertEqual(segmentation.GetTransformNodeID(), moved.GetID())
        bounds = np.zeros(6)
        segmentation.GetRASBounds(bounds)
        place = _center(scan, truth) + matrix[:3, 3]
        self.assertLess(np.abs(bounds.reshape(3, 2).mean(axis=1) - place).max(), 15.0)

    def test_what_is_no_head_ct_is_refused_with_a_sentence(self) -> None:
        import numpy as np

        from ICHSegmentationLib.errors import InputError

        magnetic = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "MR")
        slicer.util.updateVolumeFromArray(magnetic, np.full((8, 32, 32), 300, np.int16))
        for wrong in (None, magnetic):
            with self.assertRaises(InputError) as caught:
                self.logic().process(wrong)
            self.assertTrue(caught.exception.message.endswith("."))

    def test_a_click_adds_a_lesion_and_another_removes_it(self) -> None:
        try:
            from ICHSegmentationSlicerLib.corrections import (
                add_lesion_at,
                relabel_lesion,
                remeasure,
                remove_lesion_at,
            )
        except ImportError as error:
            self.skipTest(f"The packages of the set-up are not installed: {error}")
        from ICHSegmentationSlicerLib.segmentation_nodes import add_segmentation

        scan, truth = self.make_head()
        segmentation = add_segmentation(slicer.mrmlScene, scan, truth * 0, None)
        added = add_lesion_at(scan, segmentation, tuple(_center(scan, truth)), "intraparenchymal").volume_ml
        self.assertAlmostEqual(added, _VOLUME_ML, delta=0.3 * _VOLUME_ML)
        self.assertAlmostEqual(remeasure(scan, segmentation)["total_volume_ml"], added, places=2)
        (lesion,) = remeasure(scan, segmentation)["lesions"]
        relabel_lesion(scan, segmentation, lesion, "subarachnoid")
        self.assertEqual(list(remeasure(scan, segmentation)["subtypes"]), ["subarachnoid"])
        removed = remove_lesion_at(scan, segmentation, tuple(_center(scan, truth)))
        self.assertAlmostEqual(removed, added, places=2)

    def test_a_saved_scene_comes_back_with_its_segmentation(self) -> None:
        from ICHSegmentationSlicerLib.segmentation_nodes import add_segmentation, mask_of, segmentations_of

        scan, truth = self.make_head()
        add_segmentation(slicer.mrmlScene, scan, truth, None)
        with tempfile.TemporaryDirectory() as folder:
            bundle = str(Path(folder) / "scene.mrb")
            self.assertTrue(slicer.mrmlScene.WriteToMRB(bundle))
            slicer.mrmlScene.Clear()
            self.assertTrue(slicer.mrmlScene.ReadFromMRB(bundle))
        scan = slicer.util.getNode("Head")
        (segmentation,) = segmentations_of(slicer.mrmlScene, scan)
        self.assertTrue((mask_of(segmentation, scan) == truth).all())

    def test_the_button_segments_the_chosen_scan(self) -> None:
        from ICHSegmentationLib.errors import DependencyError

        scan, _truth = self.make_head()
        widget = self.open_widget()
        widget.ui.scanSelector.setCurrentNode(scan)
        try:
            self.logic()._setup().require_ready("default")
        except DependencyError as error:
            self.skipTest(str(error))
        widget.ui.applyButton.click()
        self.wait(lambda: widget.panel.running, 10)
        self.wait(lambda: not widget.panel.running, 600)
        self.assertEqual(slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode"), 1)
        self.assertIn("mL", str(widget.ui.headlineLabel.property("text")))

    def test_the_panel_lives_on_when_the_scene_is_closed(self) -> None:
        scan, _truth = self.make_head()
        widget = self.open_widget()
        widget.ui.scanSelector.setCurrentNode(scan)
        slicer.mrmlScene.Clear()
        self.assertIsNone(widget.panel.session.scan)
        again, _truth = self.make_head()
        widget.enter()
        widget.ui.scanSelector.setCurrentNode(again)
        self.assertEqual(widget.panel.session.scan, again)

    # What the tests are made of

    def logic(self) -> Any:
        from ICHSegmentation import ICHSegmentationLogic

        return ICHSegmentationLogic()

    def open_widget(self) -> Any:
        """The module's widget, entered."""
        widget = slicer.util.getModuleWidget("ICHSegmentation")
        widget.enter()
        return widget

    def make_head(self, subtype: str | None = _SUBTYPE) -> tuple[Any, np.ndarray]:
        """A volume node with a painted head, and the true labels ``[D, H, W]`` of its hemorrhage."""
        import numpy as np

        phantom = _painted(subtype)
        scan = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Head")
        slicer.util.updateVolumeFromArray(scan, phantom.ct.voxels)
        scan.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(np.asarray(phantom.ct.affine)))
        scan.CreateDefaultDisplayNodes()
        return scan, phantom.mask.voxels

    def segment(self, scan: Any) -> tuple[Any, dict[str, Any]]:
        """Segment for real; the test is skipped where PyTorch or another package is missing."""
        from ICHSegmentationLib.errors import DependencyError

        try:
            return self.logic().process(scan)
        except DependencyError as error:
            self.skipTest(str(error))

    def wait(self, happened: Callable[[], bool], seconds: float) -> None:
        """Let Slicer work until something has happened."""
        end = time.monotonic() + seconds
        while not happened():
            self.assertLess(time.monotonic(), end, "it did not happen in time")
            slicer.app.processEvents()
            time.sleep(0.01)


@cache
def _painted(subtype: str | None) -> Phantom:
    from ICHSegmentationLib.phantom import make_phantom

    return make_phantom(_SEED, subtype, _VOLUME_ML, _SHAPE, _SPACING)


def _dice(one: np.ndarray, other: np.ndarray) -> float:
    return 2 * float((one & other).sum()) / float(one.sum() + other.sum())


def _center(scan: Any, mask: np.ndarray) -> np.ndarray:
    """RAS mm, under the scan's transform, of the mask's voxel that is nearest to the middle of its mask."""
    import numpy as np
    import vtk

    voxels = np.argwhere(mask)
    middle = voxels[np.linalg.norm(voxels - voxels.mean(axis=0), axis=1).argmin()]
    matrix = vtk.vtkMatrix4x4()
    scan.GetIJKToRASMatrix(matrix)
    return (slicer.util.arrayFromVTKMatrix(matrix) @ [*middle[::-1], 1.0])[:3]
