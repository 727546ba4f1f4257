"""Draws the panel, light and dark, into ``docs/images/panel-*.png``.

    python Testing/panel/screenshots.py [FOLDER]

The panel is the real one; the frame around its sections and the place of the Segment Editor are the
stand-in's. The head is a phantom, and its true outline stands in the place of a run's result.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path[:0] = [str(ROOT / "Testing" / part) for part in ("panel", "mrml")]
sys.path[:0] = [str(ROOT / "ICHSegmentation"), str(ROOT)]

_WIDTH = 520


def main(folder: Path) -> None:
    from boot import boot
    from desktop import install
    from immortal_none import keep_none
    from opening import OpenPanel, PlannedSetup
    from PySide6 import QtWidgets

    keep_none()
    with tempfile.TemporaryDirectory() as temporary:
        booted = boot(Path(temporary))
        install(booted, Path(temporary))
        QtWidgets.QApplication.setStyle("Fusion")
        scan, mask = _head(booted.scene)
        setup = PlannedSetup()
        panel = OpenPanel(setup)
        panel.parent.show()
        _draw(panel, folder / "panel-start.png")
        panel.press("applyButton")
        setup.worker.progress("refine", 0.55)
        panel.panel._scan._remaining._end = panel.panel._scan._remaining._began + 14
        panel.panel._scan._show_stage()
        _draw(panel, folder / "panel-running.png")
        setup.worker.finish(mask, more=_told(scan, mask))
        panel.settle(lambda: panel.panel.session.measurements is not None, 60)
        panel.ui.lesionTable.selectRow(3)
        panel.ui.tadaShowCheckBox.setChecked(True)
        _draw(panel, folder / "panel-light.png")
        _darken()
        _draw(panel, folder / "panel-dark.png")
        _lighten()
        _only(
            panel, "correctionCollapsibleButton", "uncertaintyCollapsibleButton", "detectionCollapsibleButton"
        )
        _draw(panel, folder / "panel-correct.png")
        _only(panel, "comparisonCollapsibleButton", "batchCollapsibleButton", "setupCollapsibleButton")
        _draw(panel, folder / "panel-setup.png")
        panel.close()
        booted.close()


def _head(scene: Any) -> tuple[Any, Any]:
    """A phantom with blood in the brain, and some in the ventricles."""
    import numpy as np
    import slicer
    from scipy import ndimage

    from ICHSegmentationLib.phantom import make_phantom

    spacing = (5.0, 0.9, 0.9)
    within = make_phantom(3, "intraparenchymal", 31.0, (28, 256, 256), spacing)
    ventricle = make_phantom(3, "intraventricular", 6.0, (28, 256, 256), spacing)
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CT head 5 mm")
    slicer.util.updateVolumeFromArray(node, within.ct.voxels)
    node.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(np.asarray(within.ct.affine)))
    node.CreateDefaultDisplayNodes()
    pieces, count = ndimage.label(ventricle.mask.voxels)
    largest = 1 + np.argsort(ndimage.sum_labels(pieces > 0, pieces, range(1, count + 1)))[-2:]
    broken_in = np.where(np.isin(pieces, largest), ventricle.mask.voxels, 0)
    return node, np.where(within.mask.voxels > 0, within.mask.voxels, broken_in).astype(np.uint8)


def _told(scan: Any, mask: Any) -> dict[str, Any]:
    """What a detector, and whoever tells subtypes, might say of this head."""
    import numpy as np
    from ICHSegmentationSlicerLib.scan_geometry import world_affine

    from ICHSegmentationLib.detection import CLASSES, Detection
    from ICHSegmentationLib.measurement import measure
    from ICHSegmentationLib.volume import Volume

    chances = {"intraparenchymal": (2, 0.94), "intraventricular": (3, 0.83)}
    slices = np.full((len(mask), len(CLASSES)), 0.03, np.float32)
    for name, (value, chance) in chances.items():
        shown = (mask == value).any(axis=(1, 2))
        slices[shown, CLASSES.index(name)] = chance
        slices[shown, CLASSES.index("hemorrhage")] = 0.97
    detection = Detection(slices.max(axis=0), slices, np.full(len(CLASSES), 0.5, np.float32))
    lesions = measure(Volume(mask, world_affine(scan))).to_dict()["lesions"]
    sure = {"subtype_confidence": 0.91, "subtype_told_by": "anatomy and detector"}
    return {"detection": detection.to_dict(), "lesions": [{**lesion, **sure} for lesion in lesions]}


def _only(panel: Any, *names: str) -> None:
    for name, widget in vars(panel.ui).items():
        if name.endswith("CollapsibleButton"):
            widget.setProperty("collapsed", name not in names)


def _draw(panel: Any, path: Path) -> None:
    from PySide6 import QtCore

    panel.settle(seconds=0.2)
    parent = panel.parent
    for _round in range(3):  # labels that wrap need to know their width first
        parent.resize(_WIDTH, parent.layout().totalHeightForWidth(_WIDTH))
        panel.settle(seconds=0.1)
    path.parent.mkdir(parents=True, exist_ok=True)
    last = panel.ui.researchLabel
    bottom = last.mapTo(parent, last.rect().bottomLeft()).y() + 10
    parent.grab(QtCore.QRect(0, 0, _WIDTH, bottom)).save(str(path))


def _darken() -> None:
    from PySide6.QtGui import QColor, QPalette
    from PySide6.QtWidgets import QApplication

    dark, base, text = QColor(50, 50, 50), QColor(36, 36, 36), QColor(228, 228, 228)
    palette = QPalette(dark)
    for role in (QPalette.ColorRole.Base, QPalette.ColorRole.AlternateBase):
        palette.setColor(role, base if role == QPalette.ColorRole.Base else QColor(43, 43, 43))
    for role in ("WindowText", "Text", "ButtonText", "ToolTipText"):
        palette.setColor(getattr(QPalette.ColorRole, role), text)
        palette.setColor(
            QPalette.ColorGroup.Disabled, getattr(QPalette.ColorRole, role), QColor(128, 128, 128)
        )
    palette.setColor(QPalette.ColorRole.Highlight, QColor(66, 110, 160))
    palette.setColor(QPalette.ColorRole.HighlightedText, text)
    QApplication.setPalette(palette)


def _lighten() -> None:
    from PySide6.QtWidgets import QApplication

    QApplication.setPalette(QApplication.style().standardPalette())


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images")
