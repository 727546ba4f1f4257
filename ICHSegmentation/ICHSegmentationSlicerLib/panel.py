"""The panel's logic: it joins the sections, and follows the state that is kept with the scene.

It makes no scene node and no window; all of that is done by the parts it is given.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ICHSegmentationLib.errors import ICHError

from .batch_section import BatchSection
from .comparison_run import ComparisonRun
from .comparison_section import ComparisonSection
from .correction_section import CorrectionSection
from .detection_run import DetectionRun
from .detection_section import DetectionSection
from .guard import guarded
from .preload import preload
from .result_section import ResultSection
from .scan_section import ScanSection
from .segmentation_run import SegmentationRun
from .session import HEAT, UNCERTAINTY, Session
from .setup_section import SetupSection
from .shared import Shared
from .steps import Steps
from .tada_section import TadaSection
from .uncertainty_section import UncertaintySection


@dataclass(frozen=True)
class Parts:
    """What the panel works with.

    Attributes:
        scene: all MRML work, see :class:`.hemorrhage_scene.HemorrhageScene`.
        desk: clipboard, dialogs and timers, see :class:`.desk.Desk`.
        setup: packages, models, devices and the interpreter, see :class:`.set_up.SetUp`.
        folder: takes the temporary files.
    """

    scene: Any
    desk: Any
    setup: Any
    folder: Path


class Panel:
    """One :class:`Session` tells every section what is shown."""

    def __init__(self, ui: Any, parts: Parts) -> None:
        self._ui, self._scene = ui, parts.scene
        self._state: Any = None
        self._loading, self._preloading = Steps(parts.desk.after), Steps(parts.desk.after)
        self._preloaded = False
        self.session = Session()

        def maker(kind: Any) -> Any:
            """Makes a run of this kind, given who listens to it."""
            return partial(kind, parts.scene, parts.setup.make_worker, parts.folder, parts.desk.after)

        shared = Shared(ui, self.session, parts.scene, parts.desk, guarded)
        self._close_setup = parts.setup.close
        self._setup = SetupSection(ui, parts.setup, parts.desk, guarded)
        self._scan = ScanSection(shared, self._setup, maker(SegmentationRun), self._run_changed)
        self._result = ResultSection(shared)
        self._detection = DetectionSection(shared, self._setup, maker(DetectionRun), self._run_changed)
        self._tada = TadaSection(shared)
        self._correction = CorrectionSection(shared)
        self._uncertainty = UncertaintySection(shared)
        self._comparison = ComparisonSection(shared, maker(ComparisonRun), self._run_changed)
        self._batch = BatchSection(ui, self._setup, parts.setup, parts.desk, guarded)
        self._overlaid: tuple[Any, str] = (None, "")
        self.session.listen(self._keep)
        self.session.listen(self._lay_over_slices)
        self._setup.tell_of_earlier()

    @property
    def running(self) -> bool:
        return self._scan.running

    def follow(self, state: Any) -> None:
        """Show what another state says; None while there is no scene to follow."""
        if state is None:
            self.let_go()
            return
        self._state = state
        if state.scan is None:
            state.scan = self._scene.in_view()
        self.state_changed()

    def state_changed(self) -> None:
        """The user, or a script, has changed the state."""
        state = self._state
        if state is None:
            return
        self._scan.map_uncertainty = state.mapUncertainty
        self._correction.apply_mask(state)
        if self._is_outdated(state):
            self._scan.forget()
            self._look_at(state)

    def _is_outdated(self, state: Any) -> bool:
        """Whether another scan is to be shown, or the segmentation that is shown was removed.

        While a run works it is not asked: what was removed meanwhile is dropped when it ends.
        """
        shown = self.session.segmentation
        removed = shown is not None and not self._scene.has(shown)
        return not self.running and (removed or state.scan is not self.session.scan)

    def _look_at(self, state: Any) -> None:
        scan, wanted = state.scan, state.segmentation
        self.session.choose_scan(scan)
        if scan is not None:
            self._loading.run(self._take_earlier(scan, wanted), self._not_taken)

    def let_go(self) -> None:
        """The scene is going away: end the run, and hold nothing of it."""
        self._state = None
        self._loading.stop()
        self._scan.abandon()
        self._comparison.abandon()
        self._detection.let_go()
        self._tada.let_go()
        self._correction.let_go()
        self.session.choose_scan(None)

    def scene_imported(self) -> None:
        """A scene was loaded into this one: what it has for a scan that shows nothing yet is taken up."""
        if self._state is not None and not self.running and self.session.segmentation is None:
            self._scan.forget()
            self._look_at(self._state)

    def enter(self) -> None:
        """The module is shown."""
        if not self._preloaded:
            self._preloaded = True
            self._preloading.run(preload(), self._not_taken)
        if self._state is not None:
            self.follow(self._state)  # a scan may have been loaded in another module
        self._correction.enter()
        self._scan.refresh()

    def leave(self) -> None:
        """Another module is shown."""
        self._correction.leave()

    def close(self) -> None:
        """Slicer closes, or the module is loaded anew."""
        self._preloading.stop()
        self.let_go()
        self._batch.abandon()
        self._close_setup()

    def _take_earlier(self, scan: Any, wanted: Any) -> Iterator[None]:
        """Show what an earlier run, or a saved scene, has for the scan."""
        yield
        found = self._scene.segmentations_of(scan)
        if not found:
            return
        segmentation = wanted if wanted in found else found[-1]
        measurements = self._scene.remeasure(scan, segmentation)  # no yield from here: nodes may be removed
        lines = self._scene.find_tada_lines(scan)
        take_result = partial(self.session.take_result, segmentation, measurements)
        if lines:
            self._tada.take_up(lines, take_result)
        else:
            take_result()

    def _not_taken(self, error: ICHError) -> None:
        self._scan.tell(error)

    def _keep(self) -> None:
        """Save with the scene which segmentation is shown."""
        if self._state is not None and self._state.segmentation is not self.session.segmentation:
            self._state.segmentation = self.session.segmentation

    def _lay_over_slices(self) -> None:
        """The map that the session says, and no other."""
        wanted = self.session.scan, self.session.overlay
        if wanted == self._overlaid:
            return
        earlier, self._overlaid = self._overlaid[0], wanted
        if earlier is not None and earlier is not wanted[0]:
            self._scene.show_overlays(earlier, unsure=False, heat=False)
        if wanted[0] is not None:
            self._scene.show_overlays(wanted[0], wanted[1] == UNCERTAINTY, wanted[1] == HEAT)

    def _run_changed(self) -> None:
        """While a run, a detection or a comparison works, nothing else may hold up the panel's thread."""
        detecting = self._detection.running
        comparing = self._comparison.running or detecting
        idle = not self.running and not comparing
        self._ui.applyButton.setEnabled(not comparing)
        self._ui.comparisonCollapsibleButton.setEnabled(not self.running and not detecting)
        self._ui.detectionCollapsibleButton.setEnabled(not self.running and not self._comparison.running)
        for part in (
            self._ui.correctionCollapsibleButton,
            self._ui.relabelComboBox,
            self._ui.setupCollapsibleButton,
        ):
            part.setEnabled(idle)
        # A batch that works already can be cancelled all the while.
        self._ui.batchCollapsibleButton.setEnabled(idle or self._batch.running)
        if self._state is not None and self._is_outdated(self._state):
            self._look_at(self._state)  # and leave what was said of the run
