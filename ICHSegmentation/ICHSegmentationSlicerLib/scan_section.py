"""The scan, the button, how far the work has come, and what to do when it cannot go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ICHSegmentationLib.errors import DependencyError, DeviceError, ICHError, ModelError
from ICHSegmentationLib.events import Failed, Finished

from .remaining_time import RemainingTime, remaining_text
from .segmentation_run import SegmentationRun
from .shared import Shared
from .stages import stage_text
from .translation import tr as _
from .widgets import Sentence, chosen_in, fill_choices

_NEW = "new"
_TICK_MS = 1000


class ScanSection:
    """Starts a run, shows its progress, and tells how it ended.

    Args:
        setup: says what the run needs before it starts: ``require_ready``, ``settings``, ``install``.
        make_run: makes the :class:`SegmentationRun` that this section listens to.
        run_changed: hears when a run begins and ends.
    """

    def __init__(
        self,
        shared: Shared,
        setup: Any,
        make_run: Callable[[Any], SegmentationRun],
        run_changed: Callable[[], None],
    ) -> None:
        ui, session, guard = shared.ui, shared.session, shared.guard
        self._ui, self._session, self._scene, self._setup = ui, session, shared.scene, setup
        self._told = Sentence(ui.messageLabel)
        self._run = make_run(self)
        self._run_changed = run_changed
        self._desk = shared.desk
        self._remaining, self._stage = RemainingTime(), ""
        self._remedy: Callable[[], None] | None = None
        self.map_uncertainty = False
        ui.applyButton.clicked.connect(guard(self.apply, self._told, self._failed))
        ui.cancelButton.clicked.connect(self.cancel)
        ui.remedyButton.clicked.connect(guard(self._do_remedy, self._told, self._failed))
        session.listen(self.refresh)
        self.refresh()
        self._offer_remedy("", None)

    @property
    def running(self) -> bool:
        return self._run.active

    def apply(self) -> None:
        """Segment the chosen scan.

        Raises:
            ICHError: the scan, the packages, the model or the disk is not what the run needs.
        """
        if self.running:
            return
        self._told.clear()
        self._offer_remedy("", None)
        scan = self._session.scan
        self._scene.check(scan)
        self._setup.require_ready()
        settings = self._setup.settings(uncertainty=self.map_uncertainty)
        self._remaining, self._stage = RemainingTime(), _("Starting")
        self._ui.progressBar.setValue(0)
        self._run.start(scan, self._scene.node(chosen_in(self._ui.targetComboBox)), settings)
        self._changed()
        self._tick()

    def cancel(self) -> None:
        self._stage = _("Ending")
        self._show_stage()
        self._ui.cancelButton.setEnabled(False)
        self._run.cancel()

    def abandon(self) -> None:
        """The scene is going away; so does the run."""
        running = self.running
        self._run.abandon()
        if running:
            self._told.say(_("The scene was closed, so the run was ended."))
            self._changed()

    def refresh(self) -> None:
        """Show whether a run is active, and where its result may go."""
        running, scan = self.running, self._session.scan
        self._ui.progressWidget.setVisible(running)
        self._ui.applyButton.setVisible(not running)
        self._ui.cancelButton.setEnabled(True)
        self._ui.scanSelector.setEnabled(not running)
        if running:
            return
        earlier = self._scene.segmentations_of(scan) if scan is not None else []
        choices = [(_("A new segmentation"), _NEW)]
        choices += [(_("Replace {name}").format(name=node.GetName()), node.GetID()) for node in earlier]
        fill_choices(self._ui.targetComboBox, choices, chosen_in(self._ui.targetComboBox))
        for widget in (self._ui.targetLabel, self._ui.targetComboBox):
            widget.setVisible(bool(earlier))

    def tell(self, error: ICHError) -> None:
        self._told.say_error(error)

    def forget(self) -> None:
        """Another scan: what was said of the last one no longer holds."""
        self._told.clear()
        self._offer_remedy("", None)

    def run_progressed(self, stage: str, fraction: float) -> None:
        self._remaining.progress(fraction)
        self._stage = stage_text(stage)
        self._ui.progressBar.setValue(round(1000 * fraction))
        self._show_stage()

    def run_finished(self, segmentation: Any, result: Finished, folder: Any) -> None:
        self._session.take_result(segmentation, result.measurements, folder)
        self._changed()

    def run_failed(self, error: Failed) -> None:
        if error.code == "cancelled":
            self._told.say(_("Cancelled. The scene is as it was."))
        else:
            self._told.say("\n".join(part for part in (error.message, error.hint) if part))
            self._offer_remedy_for(error.code)
        self._changed()

    def _failed(self, error: ICHError) -> None:
        self._offer_remedy_for(error.code)

    def _offer_remedy_for(self, code: str) -> None:
        if code == DependencyError.code:
            self._offer_remedy(_("Install packages"), self._install)
        elif code == DeviceError.code or code.startswith(ModelError.code):
            self._offer_remedy(_("Open Set-up"), self._open_setup)

    def _offer_remedy(self, text: str, remedy: Callable[[], None] | None) -> None:
        self._remedy = remedy
        self._ui.remedyButton.setText(text)
        self._ui.remedyButton.setVisible(remedy is not None)

    def _do_remedy(self) -> None:
        if self._remedy is not None:
            self._remedy()

    def _install(self) -> None:
        self._setup.install()
        self._offer_remedy("", None)
        self._told.say(_("Everything that is needed is installed. Press Segment hemorrhage."))

    def _open_setup(self) -> None:
        self._ui.setupCollapsibleButton.setProperty("collapsed", False)
        self._ui.modelComboBox.setFocus()

    def _show_stage(self) -> None:
        left = remaining_text(self._remaining.seconds)
        self._ui.stageLabel.setText(" · ".join(part for part in (self._stage, left) if part))

    def _tick(self) -> None:
        """Let the remaining time count down between two pieces of news."""
        if self.running:
            self._show_stage()
            self._desk.after(_TICK_MS, self._tick)

    def _changed(self) -> None:
        self.refresh()
        self._run_changed()
