"""Growth since an earlier scan of the same patient."""

from __future__ import annotations

from typing import Any

from ICHSegmentationLib.errors import InputError

from .guard import Guard
from .session import Session
from .translation import tr as _
from .widgets import Sentence


class ComparisonSection:
    """Compares the session's segmentation with the latest one of an earlier scan."""

    def __init__(self, ui: Any, session: Session, scene: Any, desk: Any, guard: Guard) -> None:
        self._ui, self._session, self._scene, self._desk, self._guard = ui, session, scene, desk, guard
        self._told = Sentence(ui.comparisonLabel)
        ui.compareButton.clicked.connect(guard(self.compare, self._told))
        session.listen(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        self._ui.compareButton.setEnabled(self._session.segmentation is not None)

    def compare(self) -> None:
        """Say that it has begun, then align and compare.

        Raises:
            InputError: there is no earlier scan, it is the same one, or it is not segmented.
        """
        earlier = self._ui.earlierScanSelector.currentNode()
        segmentation = self._segmentation_of(earlier)
        self._told.say(_("Aligning both scans ..."))

        def work() -> None:
            session = self._session
            growth = self._scene.compare(earlier, segmentation, session.scan, session.segmentation)
            # The scan has moved, and with it every place in the numbers.
            session.take_measurements(
                self._scene.remeasure(session.scan, session.segmentation), session.edited
            )
            self._told.say("\n".join(growth))

        self._desk.after(0, self._guard(work, self._told))

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
