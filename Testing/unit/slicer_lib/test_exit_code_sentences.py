"""Every way in which the worker's process can end has a sentence."""

from __future__ import annotations

import signal

import pytest
from ICHSegmentationSlicerLib.line_process import Ending
from ICHSegmentationSlicerLib.messages import cancelled, meaning_of
from ICHSegmentationSlicerLib.outcome import Outcome, outcome_of

from ICHSegmentationLib import errors
from ICHSegmentationLib.events import Failed, Finished


def every_error(cls: type[errors.ICHError] = errors.ICHError) -> list[type[errors.ICHError]]:
    """The family of errors as its module defines it."""
    members = [cls, *(member for child in cls.__subclasses__() for member in every_error(child))]
    return [member for member in members if member.__module__ == errors.__name__]


@pytest.mark.parametrize("error", every_error(), ids=lambda error: error.__name__)
def test_every_error_of_the_library_has_a_sentence_of_its_own(error: type[errors.ICHError]) -> None:
    meaning = meaning_of(error.exit_code)
    assert meaning.code == error.code
    assert meaning.message
    assert meaning.hint
    others = [meaning_of(other.exit_code) for other in every_error() if other is not error]
    assert meaning.message not in [other.message for other in others]


@pytest.mark.parametrize(
    ("exit_code", "crashed", "said"),
    [
        (signal.SIGKILL, True, "memory"),
        (137, False, "memory"),  # a launcher whose child was killed
        (signal.SIGSEGV, True, "crashed"),
        (139, False, "crashed"),
        (134, False, "crashed"),
        (signal.SIGTERM, True, "ended the run from outside"),
        (143, False, "ended the run from outside"),
        (signal.SIGILL, True, "processor"),
        (-1073741819, True, "crashed"),  # 0xC0000005, access violation on Windows
        (-1073741795, True, "processor"),  # 0xC000001D, illegal instruction
        (-1073741801, True, "memory"),  # 0xC0000017, no memory
        (-1073741515, True, "library of the system"),  # 0xC0000135, DLL not found
        (62097, True, "ended the run from outside"),  # killed by QProcess on Windows
        (3, False, "a library gave up"),  # abort() on Windows
        (3, True, "ended the run from outside"),  # SIGQUIT
        (9, False, "exit code 9"),  # its own, and no signal
        (2, False, "different versions"),
        (1, False, "could not load ICHSegmentationLib"),
        (0, False, "without a result"),
        (99, False, "exit code 99"),
        (-1073740000, True, "exit code -1073740000"),
    ],
)
def test_other_ends_have_sentences_too(exit_code: int, crashed: bool, said: str) -> None:
    assert said in meaning_of(exit_code, crashed).message


DONE = Finished("a", {}, {"total_volume_ml": 1.0})
NO_HEAD = Failed("b", "no_head", "Expected a head, found air.", "Choose another scan.")


def outcome(ending: Ending, told: list[Finished | Failed], scans: int = 1, asked: bool = False) -> Outcome:
    return outcome_of(ending, told, scans, asked, "python")


def test_what_the_process_said_counts_more_than_its_exit_code() -> None:
    ended = outcome(Ending(16, last_lines=("one", "two")), [NO_HEAD])
    assert (ended.kind, ended.message, ended.hint) == ("failed", NO_HEAD.message, NO_HEAD.hint)
    assert ended.details == "one\ntwo"


def test_a_scan_that_failed_leaves_the_results_of_the_others() -> None:
    ended = outcome(Ending(16), [DONE, NO_HEAD], scans=2)
    assert (ended.kind, ended.code, ended.results) == ("failed", "no_head", (DONE,))


def test_a_crash_counts_more_than_an_earlier_failure_of_another_scan() -> None:
    ended = outcome(Ending(signal.SIGKILL, crashed=True), [NO_HEAD], scans=2)
    assert ended.code == "memory"


def test_a_cancelled_run_is_cancelled_however_it_ended() -> None:
    for ending in (Ending(130), Ending(signal.SIGKILL, crashed=True), Ending(1)):
        assert outcome(ending, [], asked=True).kind == "cancelled"
    assert outcome(Ending(130), []).message == cancelled().message
    assert outcome(Ending(130), [Failed("a", "cancelled", "The run was cancelled.")]).kind == "cancelled"


def test_a_run_that_was_done_before_it_could_be_cancelled_is_done() -> None:
    assert outcome(Ending(0), [DONE], asked=True) == Outcome("done", results=(DONE,))
