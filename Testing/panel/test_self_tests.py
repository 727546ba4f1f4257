"""The tests that a desktop Slicer runs, on the stand-in, so that they cannot fall behind the module."""

from __future__ import annotations

import os
import unittest
from collections.abc import Callable
from typing import Any

import pytest

from ICHSegmentationLib.events import Finished, ProcessStarted, Progress

WITH_THE_MODEL = "test_a_hemorrhage_is_found_at_its_place_with_its_volume"
WITHOUT = (
    "test_a_click_adds_a_lesion_and_another_removes_it",
    "test_a_head_without_hemorrhage_ends_well",
    "test_a_saved_scene_comes_back_with_its_segmentation",
    "test_the_button_segments_the_chosen_scan",
    "test_the_panel_lives_on_when_the_scene_is_closed",
    "test_the_result_lies_where_the_scans_transform_puts_it",
    "test_what_is_no_head_ct_is_refused_with_a_sentence",
)


@pytest.fixture(autouse=True)
def painted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Heads that other tests have painted already."""
    from heads import make_phantom

    from ICHSegmentationLib import phantom

    monkeypatch.setattr(phantom, "make_phantom", make_phantom)


@pytest.fixture
def self_tests(
    desktop: Any, opened: Any, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Any], type[unittest.TestCase]]:
    """The module's test class on the stand-in, with a set-up that is told which masks are true."""
    import ICHSegmentation

    def with_setup(setup: Any) -> type[unittest.TestCase]:
        class OnTheStandIn(ICHSegmentation.ICHSegmentationTest, unittest.TestCase):
            def open_widget(self) -> Any:
                return opened(setup).widget

            def make_head(self, *options: Any, **more: Any) -> Any:
                scan, setup.truth = super().make_head(*options, **more)
                return scan, setup.truth

        monkeypatch.setattr(ICHSegmentation.ICHSegmentationLogic, "_setup", lambda self: setup)
        return OnTheStandIn

    return with_setup


def real_setup() -> Any:
    """Runs the real worker, with the real model, on this Python."""
    from engines import THE_LIBRARY
    from ICHSegmentationSlicerLib.worker import Worker
    from opening import PlannedSetup
    from PySide6.QtCore import QProcess, QTimer

    class RealSetup(PlannedSetup):
        def __init__(self) -> None:
            super().__init__()
            self.events: list[Any] = []

        def make_worker(self, on_event: Any) -> Any:
            def hear(event: Any) -> None:
                self.events.append(event)
                on_event(event)

            self.workers.append(Worker(QProcess, THE_LIBRARY, hear, QTimer.singleShot))
            return self.workers[-1]

    return RealSetup()


def omniscient_setup() -> Any:
    """Its worker knows the true mask, and ends at once."""
    from opening import PlannedSetup, PlannedWorker
    from PySide6.QtCore import QTimer

    class Omniscient(PlannedWorker):
        def start(self, *run: Any) -> None:
            super().start(*run)
            QTimer.singleShot(50, lambda: self.finish(setup.truth))

    class OmniscientSetup(PlannedSetup):
        def make_worker(self, on_event: Any) -> Any:
            return Omniscient(on_event)

    setup = OmniscientSetup()
    return setup


def run(case: type[unittest.TestCase], name: str) -> None:
    result = unittest.TestResult()
    case(name).run(result)
    assert not result.errors + result.failures, (result.errors + result.failures)[0][1]
    assert not result.skipped, result.skipped


@pytest.mark.parametrize("name", WITHOUT)
def test_it_passes_on_the_stand_in(self_tests: Any, name: str) -> None:
    run(self_tests(omniscient_setup()), name)


def test_the_one_that_looks_at_the_mask_passes_with_the_real_worker_and_model(self_tests: Any) -> None:
    pytest.importorskip("torch", reason="PyTorch is not here")
    from engines import until

    setup = real_setup()
    run(self_tests(setup), WITH_THE_MODEL)
    assert len(setup.workers) == 1
    of_kind = {kind: [e for e in setup.events if isinstance(e, kind)] for kind in (ProcessStarted, Progress)}
    assert of_kind[ProcessStarted][0].pid != os.getpid()
    fractions = [event.fraction for event in of_kind[Progress]]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    assert isinstance(setup.events[-1], Finished)
    until(lambda: not setup.workers[0].running)


def test_no_test_of_the_module_is_left_out(self_tests: Any) -> None:
    names = unittest.defaultTestLoader.getTestCaseNames(self_tests(omniscient_setup()))
    assert set(names) == {WITH_THE_MODEL, *WITHOUT}
