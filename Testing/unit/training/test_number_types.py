"""Numbers that mean nothing end a command with a usage error."""

import pytest

from Training.cli import main
from Training.detection.__main__ import main as detection

TRAIN = ["train", "--recipe", "xu_cascade", "--data", "d", "-o", "o"]
PREPARE = ["prepare", "d", "-o", "o"]
DETECTOR = ["train", "--data", "d", "-o", "o"]


@pytest.mark.parametrize(
    ("run", "command", "option", "number"),
    [
        *[
            (main, TRAIN, option, number)
            for option in ("--epochs", "--iterations", "--batch", "--validate-every", "--gradient-clip")
            for number in ("0", "-1", "many")
        ],
        (main, TRAIN, "--gradient-clip", "nan"),
        *[(main, TRAIN, option, "-1") for option in ("--workers", "--seed", "--fold")],
        *[(main, PREPARE, option, "0") for option in ("--folds", "--processes")],
        (main, PREPARE, "--seed", "-1"),
        (main, ["cross-validate", *TRAIN[1:]], "--folds", "-1"),
        (main, ["ensemble", "f", "-o", "o"], "--best", "0"),
        *[(detection, DETECTOR, option, "-1") for option in ("--workers", "--seed", "--fold")],
        (detection, ["evaluate", "t"], "--temperature", "0"),
    ],
)
def test_a_number_that_means_nothing_is_a_usage_error(run, command, option, number, capsys):
    with pytest.raises(SystemExit) as ended:
        run([*command, option, number])
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert option in told and f"found '{number}'" in told


def test_each_side_of_a_patch_is_a_number_from_1_on(capsys):
    with pytest.raises(SystemExit):
        main([*TRAIN, "--patch", "1", "0", "64"])
    assert "--patch: expected a whole number from 1 on, found '0'" in capsys.readouterr().err
