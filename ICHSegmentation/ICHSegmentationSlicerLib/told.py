"""What a run told and no measuring can tell again; kept with the segmentation, and so saved with the scene.

That is: what the detector said, how sure the model was, what the run warned of, and how surely each lesion is
of its subtype; the last holds as long as the lesion is the same. What a run warns of single lesions, or where
detector and outline differ, is no part of it: that is told anew of the segments as they are.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import slicer

from .detection_facts import OF_THE_DETECTOR

_TOLD = "ICHSegmentation.Told"
_WHOLE = ("detection", "uncertainty")
_OF_LESION = ("subtype_confidence", "subtype_told_by")
_ALIKE = 1e-6
"""As a share, and in mL. A run reads the size of a voxel in single precision, which strays by less."""
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
    of_lesions: dict[str, list[dict[str, Any]]] = {}
    for each in told.pop("lesions", []):
        of_lesions.setdefault(_place(each["lesion"]), []).append(each)
    lesions = []
    for lesion in measurements["lesions"]:
        key = _key(lesion)
        alike = (each for each in of_lesions.get(_place(key), []) if _same_volume(each["lesion"], key))
        kept = next(alike, {})
        lesions.append({**lesion, **{name: kept[name] for name in _OF_LESION if name in kept}})
    return {**told, **measurements, "lesions": lesions, "warnings": warnings}


def _key(lesion: Mapping[str, Any]) -> str:
    """Label, volume and slices: the same for the same voxels, wherever the scan has been moved."""
    first, last = lesion["slices"]
    return f"{lesion['label']} {lesion['volume_ml']:.6f} {first} {last}"


def _place(key: str) -> str:
    label, _volume, slices = key.split(" ", 2)
    return f"{label} {slices}"


def _same_volume(one: str, other: str) -> bool:
    volumes = (float(key.split()[1]) for key in (one, other))
    return math.isclose(*volumes, rel_tol=_ALIKE, abs_tol=2 * _ALIKE)
