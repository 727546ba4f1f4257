"""What a user may choose from: where the network runs, and which model."""

from __future__ import annotations

from collections.abc import Mapping

from ICHSegmentationLib import models
from ICHSegmentationLib.errors import ModelError
from ICHSegmentationLib.models.store import DEFAULT, EMBEDDED, embedded
from ICHSegmentationLib.settings import DEVICES

from .translation import tr as _

_DETECTOR = "detector"
"""The recipe of models that outline nothing."""

Choice = tuple[str, str]
"""A text for the user, and the value that a run is given."""


def device_choices(found: Mapping[str, str]) -> list[Choice]:
    """Automatic, the CPU, and every other device that was found, with what it is."""
    names = {"cuda": _("NVIDIA graphics card"), "mps": _("Apple graphics processor")}
    best = next((name for name in ("cuda", "mps") if name in found), None)
    automatic = _("Automatic")
    if found:
        automatic += f" ({found[best] if best else _('CPU')})"
    choices = [(automatic, "auto"), (_with(_("CPU"), found.get("cpu", "")), "cpu")]
    others = [name for name in DEVICES if name in found and name in names]
    return choices + [(_with(names[name], found[name]), name) for name in others]


def model_choices() -> list[Choice]:
    """What can outline hemorrhage: the embedded models first, then those that the user brought."""
    choices = []
    for model in models.installed():
        manifest = model.manifest
        if manifest.recipe == _DETECTOR:
            continue
        text = f"{manifest.name} {manifest.version}"
        if model.path in embedded():
            text = _("{model} (embedded)").format(model=text)
        choices.append((text, DEFAULT if model.path == EMBEDDED else manifest.id))
    return choices


def detectors() -> list[str]:
    """The ids of the detectors that are installed."""
    return [model.manifest.id for model in models.installed() if model.manifest.recipe == _DETECTOR]


def require_model(name: str) -> None:
    """Raise unless there is such a model; its weights are checked by the process that uses them.

    Raises:
        ModelError: or one of its kinds.
    """
    if not name:
        raise ModelError(_("Expected a model, found none chosen."), _("Choose one in the Set-up section."))
    models.find(name)


def _with(name: str, what: str) -> str:
    return f"{name}: {what}" if what else name
