"""What a training tells while it runs: a bar, TensorBoard, and one line of JSON an epoch."""

import json
from pathlib import Path
from types import TracebackType
from typing import Any

from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm

from ICHSegmentationLib.io.atomic import atomic_path

LOG = "log.jsonl"


class TrainLog:
    """Tells of a training in ``folder``; silent in all but the first process.

    Args:
        epoch: the first epoch that will be told; what an interrupted run told of it and later ones goes.
        step, steps: where the training is, and how long it will be.
        first: whether this is the first process.
    """

    def __init__(self, folder: Path, name: str, epoch: int, step: int, steps: int, first: bool) -> None:
        self._log, self._first = folder / LOG, first
        if first:
            _keep_before(self._log, epoch)
            self._board = SummaryWriter(str(folder / "tensorboard"), purge_step=epoch)
        # Only on a terminal.
        self._bar = tqdm(total=steps, initial=step, desc=name, unit="step", disable=None if first else True)

    def step(self) -> None:
        """One step more."""
        self._bar.update()

    def epoch(self, **told: Any) -> None:
        """One line: ``epoch`` and plain numbers; they go to TensorBoard too."""
        self._bar.set_postfix(loss=told.get("loss"), dice=told.get("dice"))
        if not self._first:
            return
        with self._log.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(told) + "\n")
        for key, value in told.items():
            if key != "epoch":
                self._board.add_scalar(key, value, told["epoch"])

    def __enter__(self) -> "TrainLog":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()
        if self._first:
            self._board.close()


def read_log(folder: Path) -> list[dict[str, Any]]:
    """The lines of a training's log; one that a kill cut short is left out."""
    path, told = folder / LOG, []
    for line in path.read_text("utf-8").splitlines() if path.is_file() else []:
        try:
            told.append(json.loads(line))
        except ValueError:
            break
    return told


def _keep_before(path: Path, epoch: int) -> None:
    kept = [line for line in read_log(path.parent) if line["epoch"] < epoch]
    with atomic_path(path) as temporary:
        temporary.write_text("".join(json.dumps(line) + "\n" for line in kept), "utf-8")
