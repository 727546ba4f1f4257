"""What the detector says of the scan: a sentence, slices to jump to, and what its network looked at."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ICHSegmentationLib.events import Failed
from ICHSegmentationLib.labels import HEMORRHAGE

from .detection_facts import MarkedSlice, disagreements, heat_classes, marked_slices, slice_text
from .detection_run import DetectionRun
from .run_folder import discard
from .session import HEAT
from .shared import Shared
from .stages import stage_text
from .translation import tr as _
from .widgets import Sentence, chosen_in, fill_choices, is_checked, set_checked


class DetectionSection:
    """Follows the session; the heat maps are made only when they are asked for.

    Args:
        setup: says where the run takes place: ``detection_settings``, ``require_ready``.
        make_run: makes the :class:`DetectionRun` that this section listens to.
        run_changed: hears when a run begins and ends.
    """

    def __init__(
        self,
        shared: Shared,
        setup: Any,
        make_run: Callable[[Any], DetectionRun],
        run_changed: Callable[[], None],
    ) -> None:
        ui, session, guard = shared.ui, shared.session, shared.guard
        self._ui, self._session, self._scene, self._setup = ui, session, shared.scene, setup
        self._said, self._told = Sentence(ui.detectionLabel), Sentence(ui.heatLabel)
        self._run, self._run_changed = make_run(self), run_changed
        self._shown: object = None
        self._slices: list[MarkedSlice] = []
        self._scan: Any = None
        self._maps: dict[str, Path] = {}
        self._folder: Path | None = None
        ui.detectionList.itemSelectionChanged.connect(guard(self.slice_chosen, self._told))
        ui.heatShowCheckBox.toggled.connect(guard(self.toggle, self._told))
        ui.heatComboBox.currentIndexChanged.connect(guard(self.class_chosen, self._told))
        session.listen(self.refresh)
        self.refresh()

    @property
    def running(self) -> bool:
        return self._run.active

    def refresh(self) -> None:
        """Follow the session; the slices are listed anew, and maps made, only for another result."""
        detection = self._detection
        if self._session.scan is not self._scan or detection != self._shown:
            self.let_go()
            self._scan = self._session.scan
        if detection != self._shown or detection is None:
            self._shown = detection
            self._list(detection)
            if disagreements(self._session.measurements or {}):
                self._ui.detectionCollapsibleButton.setProperty("collapsed", False)
        self._said.say(self._sentences(detection))
        possible = detection is not None
        self._ui.heatShowCheckBox.setEnabled(possible and not self.running)
        self._ui.heatComboBox.setEnabled(possible and not self.running)
        set_checked(self._ui.heatShowCheckBox, self._session.overlay == HEAT or self.running)

    def slice_chosen(self) -> None:
        """Lead the views to the chosen slice."""
        index = int(self._ui.detectionList.property("currentRow"))
        if 0 <= index < len(self._slices):
            session = self._session
            axis = (session.measurements or {}).get("slice_axis", 0)
            self._scene.jump_to_slice(session.scan, axis, self._slices[index].index)

    def toggle(self) -> None:
        """Show the heat of the chosen class, or take it away.

        Raises:
            ICHError: the scan, the packages, the model or the disk is not what the run needs.
        """
        wanted = is_checked(self._ui.heatShowCheckBox)
        set_checked(self._ui.heatShowCheckBox, False)  # until there is something to show
        if wanted:
            self.class_chosen(show=True)
        else:
            self._session.choose_overlay("")

    def class_chosen(self, *_index: int, show: bool = False) -> None:
        """Show another class, if heat is shown; its map is made where there is none."""
        if not (show or self._session.overlay == HEAT) or self._session.scan is None:
            return
        label = chosen_in(self._ui.heatComboBox) or HEMORRHAGE.id
        if label in self._maps:
            self._scene.add_heat(self._session.scan, self._maps[label], label)
        elif self._scene.heat_shown(self._session.scan) != label:
            self._make_maps()
            return
        self._told.clear()
        self._session.choose_overlay(HEAT)

    def let_go(self) -> None:
        """Another scan, or the scene is going away: end the run, and keep no map."""
        running = self.running
        self._run.abandon()
        if self._folder is not None:
            discard(self._folder)
        self._folder, self._maps, self._scan = None, {}, None
        self._told.clear()
        if running:
            self._run_changed()

    def run_progressed(self, stage: str, fraction: float) -> None:
        self._told.say(f"{stage_text(stage)} ({fraction:.0%})")

    def run_finished(self, maps: dict[str, Path], folder: Path) -> None:
        self._maps, self._folder = maps, folder
        label = chosen_in(self._ui.heatComboBox)
        self._scene.add_heat(self._session.scan, maps[label], label)
        self._told.clear()
        self._session.choose_overlay(HEAT)
        self._run_changed()

    def run_failed(self, error: Failed) -> None:
        self._told.say("\n".join(part for part in (error.message, error.hint) if part))
        self.refresh()
        self._run_changed()

    @property
    def _detection(self) -> Any:
        return (self._session.measurements or {}).get("detection")

    def _sentences(self, detection: Any) -> str:
        measurements = self._session.measurements
        if measurements is None:
            return _("The next run tells whether a detector finds hemorrhage, and on which slices.")
        if detection is None:
            return _("No detector has judged this result.")
        return "\n".join([detection["sentence"], *disagreements(measurements)])

    def _list(self, detection: Any) -> None:
        listed = self._ui.detectionList
        blocked = listed.blockSignals(True)
        listed.clear()
        self._slices = marked_slices(detection) if detection else []
        for marked in self._slices:
            listed.addItem(slice_text(marked))
        listed.blockSignals(blocked)
        listed.setVisible(bool(self._slices))
        classes = heat_classes(detection) if detection else [(_("Any hemorrhage"), HEMORRHAGE.id)]
        fill_choices(self._ui.heatComboBox, classes, chosen_in(self._ui.heatComboBox))

    def _make_maps(self) -> None:
        self._setup.require_ready()
        self._run.start(self._session.scan, self._setup.detection_settings(self._detection))
        self._told.say(_("Starting"))
        self.refresh()
        self._run_changed()
