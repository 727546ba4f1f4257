"""What a run told and no measuring can tell again; kept with the segmentation, and so saved with the scene.

That is: what the detector said, how sure the model was, and how surely each lesion is of its subtype; the
last holds as long as the lesion is the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import slicer

_TOLD = "ICHSegmentation.Told"
_WHOLE = ("detection", "uncertainty")
_OF_LESION = ("subtype_confidence", "subtype_told_by")


def keep_with(segmentation: slicer.vtkMRMLSegmentationNode, measurements: Mapping[str, Any]) -> None:
    """Keep what a run told with its segmentation.

    Args:
        measurements: as in ``measurements.json``; of a mask that no run made, an empty one.
    """
    told = {name: measurements[name] for name in _WHOLE if measurements.get(name)}
    told["lesions"] = [
        {"lesion": _key(lesion), **{name: lesion[name] for name in _OF_LESION}}
        for lesion in measurements.get("lesions", [])
        if lesion.get(_OF_LESION[0]) is not None
    ]
    segmentation.SetAttribute(_TOLD, json.dumps(told))


def with_what_was_told(
    segmentation: slicer.vtkMRMLSegmentationNode, measurements: dict[str, Any]
) -> dict[str, Any]:
    """Measurements with what is kept; of lesions that have changed nothing is."""
    told = json.loads(segmentation.GetAttribute(_TOLD) or "{}")
    of_lesions = {each["lesion"]: each for each in told.pop("lesions", [])}
    lesions = []
    for lesion in measurements["lesions"]:
        kept = of_lesions.get(_key(lesion), {})
        lesions.append({**lesion, **{name: kept[name] for name in _OF_LESION if name in kept}})
    return {**told, **measurements, "lesions": lesions}


def _key(lesion: Mapping[str, Any]) -> str:
    """The same for the same voxels, wherever the scan has been moved."""
    first, last = lesion["slices"]
    return f"{lesion['label']} {lesion['volume_ml']:.6f} {first} {last}"
