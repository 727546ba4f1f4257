"""Head CTs for Slicer's Sample Data module: phantoms, painted on the spot, so that nothing is downloaded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import slicer

from ICHSegmentationLib.volume import CTVolume

from .translation import tr as _

CATEGORY = "ICHSegmentation"
_ICONS = Path(__file__).resolve().parents[1] / "Resources" / "Icons"

# How the head lies otherwise when it is scanned again: turned about the body's axis, and moved (RAS mm).
_TURN_DEGREES = 5.0
_SHIFT_MM = (6.0, -4.0, 9.0)


@dataclass(frozen=True)
class Sample:
    """A phantom. ``scanned_again`` is the same head, lying otherwise."""

    name: str
    volume_ml: float
    scanned_again: bool = False
    seed: int = 12
    subtype: str = "intraparenchymal"


HEAD = Sample("Head CT phantom", 22.0)
FOLLOW_UP = Sample("Head CT phantom, next day", 34.0, scanned_again=True)
SAMPLES = (HEAD, FOLLOW_UP)


def register() -> None:
    """Offer the samples in the Sample Data module, once; each is painted when its button is pressed."""
    import SampleData

    if CATEGORY in slicer.modules.sampleDataSources:
        return
    for sample in SAMPLES:
        SampleData.SampleDataLogic.registerCustomSampleDataSource(
            category=CATEGORY,
            sampleName=sample.name,
            uris="phantom:painted-on-this-computer",
            fileNames=sample.name,
            nodeNames=sample.name,
            customDownloader=_loader_of(sample),
            thumbnailFileName=str(_ICONS / "HeadCTPhantom.png"),
        )
    shown = getattr(slicer.modules, "SampleDataWidget", None)
    if shown is not None:  # it has drawn its buttons before these came
        shown.setCategoriesFromSampleDataSources(
            shown.categoryLayout, slicer.modules.sampleDataSources, shown.logic
        )


def add_sample(scene: Any, sample: Sample) -> Any:
    """Paint the phantom, which takes some seconds, and add it to the scene as a scalar volume node."""
    from ICHSegmentationLib.phantom import make_phantom  # not while Slicer starts: it loads scipy

    ct = make_phantom(sample.seed, sample.subtype, sample.volume_ml).ct
    if sample.scanned_again:
        ct = CTVolume(ct.voxels, _moved() @ ct.affine)
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", scene.GenerateUniqueName(sample.name))
    slicer.util.updateVolumeFromArray(node, ct.voxels)
    node.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(np.asarray(ct.affine)))
    node.CreateDefaultDisplayNodes()
    return node


def _loader_of(sample: Sample) -> Any:
    def load(source: Any) -> list[Any]:
        slicer.util.showStatusMessage(_("Painting {name}...").format(name=sample.name), 3000)
        with slicer.util.WaitCursor():
            node = add_sample(slicer.mrmlScene, sample)
        slicer.util.setSliceViewerLayers(background=node, fit=True)
        return [node]

    return load


def _moved() -> np.ndarray:
    """``[4, 4]`` world to world, RAS mm, rigid."""
    cosine, sine = np.cos(np.radians(_TURN_DEGREES)), np.sin(np.radians(_TURN_DEGREES))
    matrix = np.eye(4)
    matrix[:2, :2] = [[cosine, -sine], [sine, cosine]]
    matrix[:3, 3] = _SHIFT_MM
    return matrix
