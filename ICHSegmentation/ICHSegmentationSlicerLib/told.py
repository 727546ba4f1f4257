"""What a run told and no measuring can tell again; kept with the segmentation, and so saved with the scene.

That is: what the detector said, how sure the model was, what the run warned of, and how surely each lesion is
of its subtype; the last holds as long as the lesion is the same. What a run warns of single lesions, or where
detector and outline differ, is no part of it: that is told anew of the segments as they are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import slicer

from .detection_facts import OF_THE_DETECTOR

_TOLD = "ICHSegmentation.Told"
_WHOLE = ("detection", "uncertainty")
_OF_LESION = ("subtype_confidence", "subtype_told_by")
_TOLD_ANEW = (OF_THE_DETECTOR, "Lesion ")
"""How the warnings begin that go with the outline, see also
:func:`ICHSegmentationLib.measurement.applicability.coarse_warnings`."""


def keep_with(segmentation: slicer.vtkMRMLSegmentationNode, measurements: Mapping[str, Any]) -> None:
    """Keep what a run told with its segmentation.

    Args:
        measurements: as in ``measurements.json``; of a mask that no run made, an empty one.
    """
    told = {name: measurements[name] for name in _WHOLE if measurements.get(name)}
    told["warnings"] = [
        warning for warning in measurements.get("warnings", []) if not warning.startswith(_TOLD_ANEW)
    ]
    told["lesions"] = [
        {"lesion": _key(lesion), **{name: lesion[name] for name in _OF_LESION}}
        for lesion in measurements.get("lesions", [])
        if lesion.get(_OF_LESION[0]) is not None
    ]
    segmentation.SetAttribute(_TOLD, json.dumps(told))


def with_what_was_told(
    segmentation: slicer.vtkMRMLSegmentationNode, measurements: dict[str, Any]
) -> dict[str, Any]:
    """Measurements with what is kept; of lesions that have changed nothing is. Kept warnings come first."""
    told = json.loads(segmentation.GetAttribute(_TOLD) or "{}")
    warnings = list(dict.fromkeys([*told.pop("warnings", []), *measurements.get("warnings", [])]))
    of_lesions = {each["lesion"]: each for each in told.pop("lesions", [])}
    lesions = []
    for lesion in measurements["lesions"]:
        kept = of_lesions.get(_key(lesion), {})
        lesions.append({**lesion, **{name: kept[name] for name in _OF_LESION if name in kept}})
    return {**told, **measurements, "lesions": lesions, "warnings": warnings}


def _key(lesion: Mapping[str, Any]) -> str:
    """The same for the same voxels, wherever the scan has been moved."""
    first, last = lesion["slices"]
    return f"{lesion['label']} {lesion['volume_ml']:.6f} {first} {last}"
