"""Draws what Slicer's slice and 3D views show of a result, without a screen, into ``docs/images/slicer.png``.

    python Testing/mrml/pictures.py [FOLDER]

The scene, the displayable managers that draw, and the rendering are Slicer's own; the desktop around the
views is not there. The head is a phantom, and its true outline stands in the place of a run's result.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "Testing" / "mrml"), str(ROOT / "ICHSegmentation"), str(ROOT)]

SIZE = 560
SLICE_MANAGERS = (
    "vtkMRMLSegmentationsDisplayableManager2D",
    "vtkMRMLMarkupsDisplayableManager",
)
VIEW_MANAGERS = (
    "vtkMRMLCameraDisplayableManager",
    "vtkMRMLViewDisplayableManager",
    "vtkMRMLModelDisplayableManager",
    "vtkMRMLSegmentationsDisplayableManager3D",
    "vtkMRMLMarkupsDisplayableManager",
)


def main(folder: Path) -> None:
    from boot import boot  # it sets VTK to draw without a screen

    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        booted = boot(Path(temporary))
        slice_view, view_3d = SliceView(booted), ThreeDView(booted)
        scan = show_result(booted.scene, Path(temporary))
        slice_view.look_at(scan)
        pictures = [Path(temporary) / name for name in ("slice.png", "view.png")]
        for view, picture in zip((slice_view, view_3d), pictures, strict=True):
            view.draw(picture)
        side_by_side(pictures).save(folder / "slicer.png", optimize=True)
        booted.close()


def side_by_side(pictures: list[Path]) -> Any:
    from PIL import Image

    both = Image.new("RGB", (len(pictures) * SIZE, SIZE))
    for number, picture in enumerate(pictures):
        both.paste(Image.open(picture).convert("RGB"), (number * SIZE, 0))
    return both.quantize(256)


def show_result(scene: Any, folder: Path) -> Any:
    """A head with blood in the brain and in the ventricles, presented as after a run, with Tada lines."""
    import numpy as np
    import slicer
    from ICHSegmentationSlicerLib.hemorrhage_scene import HemorrhageScene
    from scipy import ndimage

    from ICHSegmentationLib.phantom import make_phantom

    shape, spacing = (32, 256, 256), (5.0, 0.9, 0.9)
    within = make_phantom(3, "intraparenchymal", 31.0, shape, spacing)
    ventricle = make_phantom(3, "intraventricular", 6.0, shape, spacing)
    scan = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CT head")
    scan.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(np.asarray(within.ct.affine)))
    pieces, count = ndimage.label(ventricle.mask.voxels)
    largest = 1 + np.argsort(ndimage.sum_labels(pieces > 0, pieces, range(1, count + 1)))[-2:]
    broken_in = np.where(np.isin(pieces, largest), ventricle.mask.voxels, 0)
    mask = np.where(within.mask.voxels > 0, within.mask.voxels, broken_in).astype(np.uint8)
    hu = np.where(mask == 3, ventricle.ct.voxels, within.ct.voxels)
    slicer.util.updateVolumeFromArray(scan, hu)
    scan.CreateDefaultDisplayNodes()
    hemorrhage = HemorrhageScene(scene, folder)
    segmentation = hemorrhage.add_result(scan, mask, {}, None)
    measurements = hemorrhage.remeasure(scan, segmentation)
    for _step in hemorrhage.present(segmentation, scan, measurements, None):
        pass
    for _step in hemorrhage.make_surfaces(segmentation):
        pass
    hemorrhage.add_tada_lines(scan, measurements["lesions"][0])
    return scan


class SliceView:
    """The red slice view: the scan by Slicer's slice logic, the rest by its displayable managers."""

    def __init__(self, booted: Any) -> None:
        import slicer
        import vtk

        self._logic = slicer.vtkMRMLSliceLogic()
        self._logic.SetMRMLScene(booted.scene)
        self._logic.SetMRMLApplicationLogic(booted.application)
        self._node = self._logic.AddSliceNode("Red")
        self._node.SetDimensions(SIZE, SIZE, 1)
        self._node.SetXYZOrigin(0, 0, 0)
        slices = vtk.vtkCollection()
        slices.AddItem(self._logic)
        booted.application.SetSliceLogics(slices)
        self._mapper = vtk.vtkImageMapper()
        self._mapper.SetColorWindow(255)
        self._mapper.SetColorLevel(127.5)
        image = vtk.vtkActor2D()
        image.SetMapper(self._mapper)
        image.GetProperty().SetDisplayLocationToBackground()
        self._window = Window(self._node, SLICE_MANAGERS, booted)
        self._window.renderer.AddViewProp(image)

    def look_at(self, scan: Any) -> None:
        where = self._node.GetSliceToRAS()
        place = [where.GetElement(row, 3) for row in range(3)]
        self._logic.FitSliceToBackground(SIZE, SIZE)
        self._node.JumpSliceByOffsetting(*place)
        self._node.SetSliceVisible(True)  # in the 3D view

    def draw(self, path: Path) -> None:
        self._node.UpdateMatrices()
        self._logic.UpdatePipeline()
        self._mapper.SetInputConnection(self._logic.GetImageDataConnection())
        self._window.save(path)


class ThreeDView:
    def __init__(self, booted: Any) -> None:
        self._node = booted.scene.AddNewNodeByClass("vtkMRMLViewNode", "View1")
        self._node.SetLayoutName("1")
        self._node.SetBoxVisible(False)
        self._node.SetAxisLabelsVisible(False)
        self._window = Window(self._node, VIEW_MANAGERS, booted)

    def draw(self, path: Path) -> None:
        camera = self._window.renderer.GetActiveCamera()
        self._window.renderer.ResetCamera()
        focus = camera.GetFocalPoint()
        camera.SetPosition(focus[0] - 180, focus[1] + 420, focus[2] + 260)
        camera.SetViewUp(0, 0, 1)
        self._window.renderer.ResetCamera()
        camera.Zoom(1.6)
        self._window.renderer.ResetCameraClippingRange()
        self._window.save(path)


class Window:
    """An offscreen window with the displayable managers of a view node."""

    def __init__(self, node: Any, managers: tuple[str, ...], booted: Any) -> None:
        import slicer
        import vtk

        self.renderer = vtk.vtkRenderer()
        self._window = vtk.vtkRenderWindow()
        self._window.SetOffScreenRendering(True)
        self._window.SetSize(SIZE, SIZE)
        self._window.SetMultiSamples(8)
        self._window.AddRenderer(self.renderer)
        self._interactor = vtk.vtkGenericRenderWindowInteractor()
        self._window.SetInteractor(self._interactor)
        self._group = slicer.vtkMRMLDisplayableManagerGroup()
        self._group.SetRenderer(self.renderer)
        for name in managers:
            manager = getattr(slicer, name)()
            manager.SetMRMLApplicationLogic(booted.application)
            self._group.AddDisplayableManager(manager)
        self._group.SetMRMLDisplayableNode(node)

    def save(self, path: Path) -> None:
        import vtk

        self._window.Render()
        grabbed = vtk.vtkWindowToImageFilter()
        grabbed.SetInput(self._window)
        grabbed.ReadFrontBufferOff()
        writer = vtk.vtkPNGWriter()
        writer.SetInputConnection(grabbed.GetOutputPort())
        writer.SetFileName(str(path))
        writer.Write()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images")
