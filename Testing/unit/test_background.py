import threading

import pytest

from ICHSegmentationLib.errors import InputError
from ICHSegmentationLib.pipeline.background import in_background
from ICHSegmentationLib.settings import SegmentationSettings


def test_work_runs_beside_the_block_and_gives_its_result() -> None:
    met = threading.Barrier(2, timeout=20)

    def work() -> str:
        met.wait()
        return threading.current_thread().name

    with in_background(work) as result:
        met.wait()  # breaks unless both run at the same time
        assert result() != threading.current_thread().name


def test_what_the_work_raised_is_raised_where_its_result_is_asked_for() -> None:
    def work() -> None:
        raise InputError("no scan")

    reached = []
    with in_background(work) as result:
        reached.append("the block itself goes on")
        with pytest.raises(InputError, match="no scan"):
            result()
    assert reached


def test_an_error_of_the_block_passes_through_even_where_the_work_failed_too() -> None:
    def work() -> None:
        raise InputError("of the work")

    with pytest.raises(ValueError, match="of the block"), in_background(work):
        raise ValueError("of the block")


def test_an_unknown_engine_is_named() -> None:
    with pytest.raises(InputError, match="'tensorrt'"):
        SegmentationSettings(engine="tensorrt")  # type: ignore[arg-type]
