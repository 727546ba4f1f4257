"""Where the model was unsure: a sentence, and a map over the slices that can be switched on."""

from __future__ import annotations

from typing import Any

from ICHSegmentationLib.report.numbers import ml

from .session import UNCERTAINTY
from .shared import Shared
from .translation import tr as _
from .widgets import Sentence, is_checked, set_checked


class UncertaintySection:
    """Offers the map that the last run wrote, or one that came with a saved scene."""

    def __init__(self, shared: Shared) -> None:
        ui, session, guard = shared.ui, shared.session, shared.guard
        self._ui, self._session, self._scene = ui, session, shared.scene
        self._told = Sentence(ui.uncertaintyLabel)
        self._overlay: Any = None
        ui.uncertaintyShowCheckBox.toggled.connect(guard(self.toggle, self._told))
        session.listen(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Follow the session."""
        session = self._session
        self._overlay = self._scene.overlay_of(session.scan) if session.segmentation is not None else None
        self._ui.uncertaintyShowCheckBox.setEnabled(self._overlay is not None)
        set_checked(self._ui.uncertaintyShowCheckBox, session.overlay == UNCERTAINTY)
        self._told.say(self._sentence())

    def toggle(self) -> None:
        shown = is_checked(self._ui.uncertaintyShowCheckBox)
        self._session.choose_overlay(UNCERTAINTY if shown else "")

    def _sentence(self) -> str:
        measurements = self._session.measurements or {}
        unsure = measurements.get("uncertainty")
        if not unsure:
            return _("The next run tells where the model is unsure.")
        sentences = [_("The model was unsure about {volume} mL.").format(volume=ml(unsure["unsure_ml"]))]
        sentences += second_look(measurements)
        if self._overlay is None:
            sentences.append(_("There is no map of it: tick the first box before the next run."))
        return "\n".join(sentences)


def second_look(measurements: dict[str, Any]) -> list[str]:
    """That a reader should look again, and why; of an outline that a person has edited, that it was so."""
    unsure = measurements.get("uncertainty")
    if not unsure or not unsure["second_look"]:
        return []
    if measurements.get("edited"):
        said = _("The model's outline, before it was edited, needed a second look.")
    else:
        said = _("This case needs a second look.")
    return [said, *unsure["reasons"]]
