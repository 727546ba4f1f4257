"""Work in small steps, without a desktop: the event loop is a list."""

from collections.abc import Callable, Iterator

import pytest
from ICHSegmentationSlicerLib.steps import Steps

from ICHSegmentationLib.errors import ICHError, InputError


class Loop:
    """Calls what it is given in its order."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def __call__(self, milliseconds: int, work: Callable[[], None]) -> None:
        self.waiting.append(work)

    def run(self) -> None:
        while self.waiting:
            self.waiting.pop(0)()


def work(done: list[str], trouble: Exception | None = None) -> Iterator[None]:
    done.append("first")
    yield
    if trouble is not None:
        raise trouble
    done.append("second")


def test_each_step_has_its_own_turn_and_the_next_work_takes_the_place_of_the_last() -> None:
    loop, done, told = Loop(), [], []
    steps = Steps(loop)
    steps.run(work(done), told.append)
    loop.waiting.pop(0)()
    assert done == ["first"]
    steps.run(work(done), told.append)
    loop.run()
    assert (done, told) == (["first", "first", "second"], [])


def test_trouble_ends_the_work_and_is_told() -> None:
    loop, done, told = Loop(), [], []
    trouble = InputError("No scan.")
    Steps(loop).run(work(done, trouble), told.append)
    loop.run()
    assert (done, told) == (["first"], [trouble])


def test_a_fault_of_the_program_ends_the_work_too_and_reaches_the_log() -> None:
    loop, done, told = Loop(), [], []
    Steps(loop).run(work(done, ValueError("three arms")), told.append)
    with pytest.raises(ValueError, match="three arms"):
        loop.run()
    assert [type(error) for error in told] == [ICHError]
    assert "three arms" in told[0].message
