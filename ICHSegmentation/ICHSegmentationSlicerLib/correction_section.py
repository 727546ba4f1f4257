"""Corrections: Slicer's Segment Editor, a lesion added or removed by a click, and numbers that follow."""

from __future__ import annotations

from functools import partial
from typing import Any

from ICHSegmentationLib.errors import ICHError
from ICHSegmentationLib.labels import LABELS
from ICHSegmentationLib.report.numbers import ml

from .session import same_outline
from .shared import Shared
from .steps import Settling
from .translation import tr as _
from .widgets import Sentence, chosen_in, fill_choices, set_checked

_SETTLED_MS = 150
"""A stroke of the brush ends in several changes; they are measured together."""

_EFFECTS = ("Paint", "Draw", "Erase", "Islands", "Smoothing", "Threshold", "Scissors", "Logical operators")


class CorrectionSection:
    """Keeps the editor on the session's segmentation, and measures anew after every edit.

    Args:
        editor_node: the Segment Editor's own parameter node, of which the scene has one for this module.
    """

    def __init__(self, shared: Shared) -> None:
        ui, session, guard = shared.ui, shared.session, shared.guard
        self._ui, self._session = ui, session
        self._scene, self._desk = shared.scene, shared.desk
        self._told, self._told_of_numbers = Sentence(ui.correctionLabel), Sentence(ui.resultLabel)
        measure = guard(self.measure, self._told_of_numbers, self._not_measured)
        self._measure_soon = Settling(shared.desk.after, _SETTLED_MS, measure)
        self._observers: list[Any] = []
        self._placing: Any = None
        self._segmentation: Any = None
        self._entered = False
        self._act = guard
        ui.relabelComboBox.currentIndexChanged.connect(guard(self.relabel, self._told_of_numbers))
        fill_choices(ui.subtypeComboBox, [(_(label.name), label.id) for label in LABELS], LABELS[0].id)
        editor = ui.segmentEditorWidget
        editor.setSegmentationNodeSelectorVisible(False)
        editor.setSourceVolumeNodeSelectorVisible(False)
        editor.setSwitchToSegmentationsButtonVisible(False)
        editor.setEffectNameOrder(list(_EFFECTS))
        editor.setProperty("unorderedEffectsVisible", False)
        editor.setMaximumNumberOfUndoStates(10)
        ui.correctionCollapsibleButton.contentsCollapsed.connect(self._heed_keys)
        ui.addLesionButton.toggled.connect(partial(self._toggled, ui.addLesionButton, self.add_at))
        ui.removeLesionButton.toggled.connect(partial(self._toggled, ui.removeLesionButton, self.remove_at))
        session.listen(self.refresh)
        self.refresh()

    def apply_mask(self, state: Any) -> None:
        """Limit painting to the Hounsfield units that the state says."""
        low, high = sorted((state.paintFromHU, state.paintToHU))
        self._scene.limit_painting(state.paintOnlyHyperdense, low, high)
        for box in (self._ui.thresholdLowSpinBox, self._ui.thresholdHighSpinBox):
            box.setEnabled(state.paintOnlyHyperdense)

    def enter(self) -> None:
        """The module is shown: the editor's effects and shortcuts work in the views."""
        self._entered = True
        self._ui.segmentEditorWidget.setupViewObservations()
        self._heed_keys()

    def leave(self) -> None:
        """Another module is shown: painting and placing end, the numbers go on following."""
        self._entered = False
        self._stop_placing()
        self._heed_keys()
        self._ui.segmentEditorWidget.removeViewObservations()

    def refresh(self) -> None:
        """Follow the session to another segmentation."""
        segmentation = self._session.segmentation
        # The editor, too: left to itself, it takes up the first segmentation that there is.
        for widget in (
            self._ui.addLesionButton,
            self._ui.removeLesionButton,
            self._ui.subtypeComboBox,
            self._ui.segmentEditorWidget,
        ):
            widget.setEnabled(segmentation is not None)
        self._offer_labels()
        if segmentation is self._segmentation:
            return
        self.let_go()
        self._segmentation = segmentation
        self._told.clear()
        if segmentation is not None:
            self._take_up(segmentation)

    def let_go(self) -> None:
        """Stop observing, placing and editing: another scan, or the scene is going away."""
        self._measure_soon.stop()
        self._stop_placing()
        for observer in self._observers:
            observer.stop()
        if self._segmentation is not None:
            editor = self._ui.segmentEditorWidget
            editor.setActiveEffectByName("")
            editor.setSegmentationNode(None)
            editor.setSourceVolumeNode(None)
        self._observers, self._segmentation = [], None
        self._heed_keys()

    def measure(self) -> None:
        """Every number anew, from the segmentation as it is now; of what is no longer in the scene, none."""
        session = self._session
        shown = session.scan, session.segmentation
        if all(node is not None and self._scene.has(node) for node in shown):
            measured = self._scene.remeasure(*shown)
            self._told_of_numbers.clear()
            same = not measured["edited"] and same_outline(measured, session.measurements or measured)
            session.take_measurements(measured, session.edited or not same)

    def _not_measured(self, error: ICHError) -> None:
        told = _("These numbers are from before the last change."), error.message, error.hint
        self._told_of_numbers.say("\n".join(part for part in told if part))

    def add_at(self, place: tuple[float, float, float]) -> None:
        """Outline the hemorrhage at a clicked place; where it goes on, another click adds more."""
        added = self._scene.add_lesion_at(
            self._session.scan,
            self._session.segmentation,
            place,
            chosen_in(self._ui.subtypeComboBox),
            self._ui.segmentEditorWidget.saveStateForUndo,
        )
        said = [_("Added {volume} mL.").format(volume=ml(added.volume_ml))]
        if added.goes_on:
            said.append(
                _(
                    "Thin or far parts of the same density were left out: they may be a vessel, the falx or "
                    "the tentorium. If they are blood, click on them now, or paint them. A right click ends "
                    "it."
                )
            )
            set_checked(self._ui.addLesionButton, True)
            self._place(self.add_at)
        self._told.say(" ".join(said))
        self._measure_soon()

    def remove_at(self, place: tuple[float, float, float]) -> None:
        """Remove the outlined lesion at a clicked place."""
        volume = self._scene.remove_lesion_at(
            self._session.scan,
            self._session.segmentation,
            place,
            self._ui.segmentEditorWidget.saveStateForUndo,
        )
        self._told.say(_("Removed {volume} mL.").format(volume=ml(volume)))
        self._measure_soon()

    def relabel(self) -> None:
        """Move the lesion that is chosen in the table to the segment of the chosen label."""
        session, label = self._session, chosen_in(self._ui.relabelComboBox)
        lesion = session.chosen_lesion()
        if lesion is None or label == lesion["label"]:
            return
        undo = self._ui.segmentEditorWidget.saveStateForUndo
        try:
            self._scene.relabel_lesion(session.scan, session.segmentation, lesion, label, undo)
        finally:
            self._offer_labels()
        self.measure()
        session.choose_lesion_like(lesion)

    def _offer_labels(self) -> None:
        """What the chosen lesion is, and what else it may be."""
        lesion = self._session.chosen_lesion()
        labels = [(_(label.name), label.id) for label in LABELS]
        fill_choices(self._ui.relabelComboBox, labels if lesion else [], lesion["label"] if lesion else "")
        for widget in (self._ui.relabelLabel, self._ui.relabelComboBox):
            widget.setVisible(lesion is not None)

    def _take_up(self, segmentation: Any) -> None:
        editor = self._ui.segmentEditorWidget
        editor.setMRMLSegmentEditorNode(self._scene.editor_node())
        editor.setSegmentationNode(segmentation)
        editor.setSourceVolumeNode(self._session.scan)
        self._observers = [
            self._scene.observe_edits(segmentation, self._measure_soon),
            self._scene.observe_moves(self._session.scan, segmentation, self._measure_soon),
        ]
        self._heed_keys()

    def _heed_keys(self) -> None:
        """The editor's keys, such as 1 for painting, only where the editor is to be seen."""
        editor = self._ui.segmentEditorWidget
        seen = self._entered and not self._ui.correctionCollapsibleButton.property("collapsed")
        if seen and self._segmentation is not None:
            editor.installKeyboardShortcuts()
            return
        editor.uninstallKeyboardShortcuts()
        if self._segmentation is not None:
            editor.setActiveEffectByName("")

    def _toggled(self, button: Any, work: Any, pressed: bool) -> None:
        self._stop_placing(keep=button if pressed else None)
        if not pressed:
            return
        self._told.say(_("Click on the lesion in a slice view. A right click ends it."))
        self._place(work)

    def _place(self, work: Any) -> None:
        """Wait for a click into a view."""

        def placed(place: tuple[float, float, float]) -> None:
            # After the click is over: the point that told of it goes away with the placing.
            self._desk.after(0, self._act(partial(self._finish, work, placing, place), self._told))

        placing = self._placing = self._scene.place_point(placed, self._stop_placing)

    def _finish(self, work: Any, placing: Any, place: tuple[float, float, float]) -> None:
        if self._placing is placing:  # else a second click came before the first was dealt with
            self._stop_placing()
            work(place)

    def _stop_placing(self, keep: Any = None) -> None:
        placing, self._placing = self._placing, None
        if placing is not None:
            placing.stop()
        for button in (self._ui.addLesionButton, self._ui.removeLesionButton):
            if button is not keep:
                set_checked(button, False)
