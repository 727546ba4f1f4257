"""Options that the chosen way of serving does not take."""

import pytest

from ICHSegmentationLib.cli import main
from ICHSegmentationLib.errors import InputError


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (["--model", "open"], "--model"),
        (["-o", "out"], "--output"),
        (["--quiet", "5"], "--quiet"),
        (["--accept", "CT1@192.0.2.17"], "--accept"),
        (["--no-detect", "--uncertainty"], "--uncertainty, --no-detect"),
    ],
)
def test_an_option_of_the_node_is_refused_by_the_worker(
    given: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", "--local", *given]) == InputError.exit_code
    told = capsys.readouterr()
    assert f"{named}: only for --dicom" in told.err
    assert "each request" in told.err
    assert not told.out
