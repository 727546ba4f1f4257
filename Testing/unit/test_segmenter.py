"""Which models outline."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ICHSegmentationLib.errors import ModelError
from ICHSegmentationLib.pipeline.segmenter import load_segmenter
from ICHSegmentationLib.settings import SegmentationSettings


def test_a_detector_that_shall_outline_is_told_from_a_model_of_another_version(
    tmp_path: Path, write_model: Callable[..., Path]
) -> None:
    folder = write_model(tmp_path / "detector", id="judge", recipe="detector")
    with pytest.raises(ModelError, match="judge") as caught:
        load_segmenter(SegmentationSettings(model=str(folder)))
    assert caught.value.hint == "This model only detects: use 'ichseg detect', or --detector."
