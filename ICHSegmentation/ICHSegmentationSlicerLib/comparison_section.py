"""Growth since an earlier scan of the same patient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ICHSegmentationLib.errors import InputError
from ICHSegmentationLib.events import Failed

from .comparison_run import ComparisonRun, Segmented
from .shared import Shared
from .stages import stage_text
from .translation import tr as _
from .widgets import Sentence


class ComparisonSection:
    """Compares the session's segmentation with the latest one of an earlier scan.

    Args:
        make_run: makes the :class:`ComparisonRun` that this section listens to.
        run_changed: hears when a comparison begins and ends.
    """

    def __init__(
        self, shared: Shared, make_run: Callable[[Any], ComparisonRun], run_changed: Callable[[], None]
    ) -> None:
        ui, session, guard = shared.ui, shared.session, shared.guard
        self._ui, self._session, self._scene = ui, session, shared.scene
        self._told = Sentence(ui.comparisonLabel)
        self._run = make_run(self)
        self._run_changed = run_changed
        self._compared: Any = None
        ui.compareButton.clicked.connect(guard(self.compare, self._told))
        ui.comparisonCancelButton.clicked.connect(self.cancel)
        session.listen(self.refresh)
        self.refresh()

    @property
    def running(self) -> bool:
        return self._run.active

    def refresh(self) -> None:
        """Show whether a comparison is active; where what it compares is no longer so, it ends, and what was
        told of it goes."""
        changed = self._session.measurements is not self._compared
        self._compared = self._session.measurements
        if changed and self.running:
            self._end(_("The scan or its segmentation has changed, so the comparison was ended."))
        elif changed and self._session.scan is not None:  # else the scene was closed, which may be told there
            self._told.clear()
        running = self.running
        self._ui.compareButton.setVisible(not running)
        self._ui.compareButton.setEnabled(self._session.segmentation is not None)
        self._ui.earlierScanSelector.setEnabled(not running)
        for widget in (self._ui.comparisonProgressBar, self._ui.comparisonCancelButton):
            widget.setVisible(running)

    def compare(self) -> None:
        """Begin to align and compare, in another process.

        The later scan is compared where it was acquired: what an earlier comparison moved is put back.

        Raises:
            InputError: there is no earlier scan, it is the same one, or it is not segmented.
            ICHError: a scan is no head CT, or there is no room for the files.
        """
        session = self._session
        if self.running or session.segmentation is None:
            return
        earlier = self._ui.earlierScanSelector.currentNode()
        segmentation = self._segmentation_of(earlier)
        if self._scene.take_apart(session.scan):
            self._remeasure()
        self._run.start(Segmented(earlier, segmentation), Segmented(session.scan, session.segmentation))
        self._ui.comparisonProgressBar.setValue(0)
        self._ui.comparisonCancelButton.setEnabled(True)
        self._told.say(_("Starting"))
        self._changed()

    def cancel(self) -> None:
        self._told.say(_("Ending"))
        self._ui.comparisonCancelButton.setEnabled(False)
        self._run.cancel()

    def abandon(self) -> None:
        """The scene is going away; so does the comparison."""
        if self.running:
            self._end(_("The scene was closed, so the comparison was ended."))

    def run_progressed(self, stage: str, fraction: float) -> None:
        self._told.say(stage_text(stage))
        self._ui.comparisonProgressBar.setValue(round(1000 * fraction))

    def run_finished(self, comparison: dict[str, Any]) -> None:
        self._remeasure()
        self._told.say("\n".join(comparison["sentences"]))
        self._changed()

    def run_failed(self, error: Failed) -> None:
        if error.code == "cancelled":
            self._told.say(_("Cancelled. The scan lies where it was acquired."))
        else:
            self._told.say("\n".join(part for part in (error.message, error.hint) if part))
        self._changed()

    def _end(self, reason: str) -> None:
        self._run.abandon()
        self._told.say(reason)
        self._changed()

    def _remeasure(self) -> None:
        """The scan has moved, and with it every place in the numbers."""
        session = self._session
        measured = self._scene.remeasure(session.scan, session.segmentation)
        session.take_measurements(measured, session.edited)

    def _changed(self) -> None:
        self.refresh()
        self._run_changed()

    def _segmentation_of(self, earlier: Any) -> Any:
        if earlier is None:
            raise InputError(_("Expected an earlier CT, found none chosen."), _("Choose one above."))
        if earlier is self._session.scan:
            raise InputError(
                _("Expected another CT, found the same scan twice."),
                _("Choose the patient's earlier scan."),
            )
        segmentations = self._scene.segmentations_of(earlier)
        if not segmentations:
            raise InputError(
                _("Expected a segmented CT, found none of '{scan}'.").format(scan=earlier.GetName()),
                _("Choose it as head CT above and segment it first."),
            )
        return segmentations[-1]
