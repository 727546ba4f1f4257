"""The command line as tests call it."""

import json
from pathlib import Path
from typing import Any

import pytest

from ICHSegmentationLib.cli import main

Events = list[dict[str, Any]]


def events_of(capsys: pytest.CaptureFixture[str]) -> Events:
    """What was written to stdout, every line of it JSON."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def segment(*arguments: object) -> int:
    return main(["segment", *map(str, arguments), "--events", "jsonl"])


def not_an_image(folder: Path) -> Path:
    (folder / "bad.nii.gz").write_text("no image")
    return folder / "bad.nii.gz"
