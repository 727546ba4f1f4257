"""Options whose numbers nothing can be done with, ``nan`` among them, which compares with nothing."""

from itertools import product
from pathlib import Path

import pytest

from ICHSegmentationLib.cli import main
from ICHSegmentationLib.errors import InputError

NODE = ["serve", "--dicom", "11112", "--destination", "PACS@192.0.2.17:104", "-o"]


@pytest.mark.parametrize(
    ("command", "number"),
    [
        *product(("batch", "node", "phantom"), ("nan", "inf", "-5")),
        *product(["worker"], ("nan", "-5")),  # it may wait for ever
        *product(["threads"], ("0", "99999999999999")),
    ],
)
def test_a_number_out_of_range_is_told_before_any_work(
    command: str, number: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "out")
    arguments = {
        "batch": ["batch", str(tmp_path), "-o", out, "--limit-memory", number],
        "node": [*NODE, out, "--quiet", number],
        "worker": ["serve", "--local", "--idle-minutes", number],
        "threads": ["segment", str(tmp_path), "-o", out, "--threads", number],
        "phantom": ["phantom", "-o", f"{out}.nii.gz", "--volume-ml", number],
    }
    assert main(arguments[command]) == InputError.exit_code
    told = capsys.readouterr()
    assert "Expected" in told.err and f"found {number}" in told.err
    assert not told.out
    assert not list(tmp_path.iterdir())
