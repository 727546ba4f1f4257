"""Training steps of one program, or its patches alone, as one line of JSON. Started by training_speed.py.

    python benchmarks/training_steps.py own|nnunet train|load SETTINGS

Both train the same network (``li_chen_nnunet``, 3D) on the same scans with the same optimizer, loss and kinds
of augmentation, each by its own loop and loader: this project's ``train_stage``, and nnU-Net v2's
``nnUNetTrainer``, as its ``run_training`` goes through an epoch. SETTINGS: a JSON file of :class:`Settings`.
"""

import contextlib
import json
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from Training.datasets import Case
from Training.loop.log import read_log
from Training.loop.options import TrainOptions
from Training.loop.patches import Patches, Place, batches
from Training.loop.scans import ScanStore
from Training.loop.trainer import Material, train_stage
from Training.recipes import Intensities, OptimizerRecipe, StageRecipe, nnunet_settings, recipe
from Training.transforms import train_transforms

CLIPPED = Intensities(low=10.0, high=95.0, mean=58.0, std=13.0)  # what they are does not change the time
SPACING_MM = (5.0, 0.42, 0.42)


@dataclass(frozen=True)
class Settings:
    """What is timed.

    Attributes:
        folder: ``images`` and ``masks`` of the scans, the last one ``tiny``; the programs write here too.
        steps: batches of a round; the first of ``rounds`` + 1 only warms up.
    """

    folder: str
    patch: list[int]
    batch: int
    threads: int
    workers: int
    steps: int
    rounds: int


def main() -> None:
    program, task, file = sys.argv[1:]
    settings = Settings(**json.loads(Path(file).read_text("utf-8")))
    torch.set_num_threads(settings.threads)
    with contextlib.redirect_stdout(sys.stderr):
        told = PROGRAMS[program](task, settings)
    print(json.dumps(told))


def cases(settings: Settings) -> list[Case]:
    folder = Path(settings.folder)
    return [
        Case(
            image.name.removesuffix(".nii.gz"),
            image.name,
            image,
            folder / "masks" / image.name,
            {1: "hemorrhage"},
        )
        for image in sorted((folder / "images").glob("*.nii.gz"))
    ]


def own(task: str, settings: Settings) -> dict[str, Any]:
    from Training.loop.fabric import make_fabric

    *scans, tiny = cases(settings)  # the tiny one comes last by its name, and is all that is validated on
    stage, folder = stage_of(settings), Path(settings.folder) / "own"
    options = TrainOptions("cpu", workers=settings.workers, validate_every=10**6)
    store = ScanStore(folder / "scans")
    if task == "load":
        patches = Patches(scans, store, train_transforms(stage), folder / "stage", seed=0)
        steps = settings.steps * (settings.rounds + 1)
        return timed_rounds(batches(patches, 0, steps, stage.batch, options, Place()), settings)
    material = Material(scans, [tiny], SPACING_MM, store, folder / "stage")
    out = folder / "x".join(map(str, settings.patch))
    shutil.rmtree(out, ignore_errors=True)  # a training found there would be gone on with, not measured
    train_stage(stage, material, out, options, make_fabric(options))
    told = read_log(out)[1:]
    return {
        "samples_per_s": [epoch["patches_per_s"] for epoch in told],
        "waiting_share": [epoch["waiting_share"] for epoch in told],
    }


def stage_of(settings: Settings) -> StageRecipe:
    """Li and Chen's 3D network with all that nnU-Net's trainer does in its own way."""
    depth, height, width = settings.patch
    descent = {"momentum": 0.99, "nesterov": True, "weight_decay": 3e-5}
    return replace(
        recipe("li_chen_nnunet").stages[0].fitted(CLIPPED),
        patch=(depth, height, width),
        window_step=(depth, height, width),
        batch=settings.batch,
        augmentation=nnunet_settings.AUGMENTATION,
        loss=nnunet_settings.LOSS,
        optimizer=OptimizerRecipe("sgd", 0.01, descent, gradient_clip=12.0),
        epochs=settings.rounds + 1,
        iterations_per_epoch=settings.steps,
    )


def nnunet(task: str, settings: Settings) -> dict[str, Any]:
    from nnunet_plans import trainer

    peer = trainer(settings, stage_of(settings), cases(settings)[:-1])
    peer.on_train_start()
    if task == "load":
        return timed_rounds(peer.dataloader_train, settings)
    peer.on_train_epoch_start()
    speeds, shares = [], []
    for _ in range(settings.rounds + 1):
        began, waited = time.monotonic(), 0.0
        for _ in range(settings.steps):
            asked = time.monotonic()
            batch = next(peer.dataloader_train)
            waited += time.monotonic() - asked
            peer.train_step(batch)
        seconds = time.monotonic() - began
        speeds.append(settings.steps * settings.batch / seconds)
        shares.append(waited / seconds)
    return {"samples_per_s": speeds[1:], "waiting_share": shares[1:]}


def timed_rounds(source: Iterator[Any], settings: Settings) -> dict[str, Any]:
    """How many patches come a second when nobody does anything with them."""
    speeds: list[float] = []
    for _ in range(settings.rounds + 1):
        began = time.monotonic()
        for _ in range(settings.steps):
            next(source)
        speeds.append(settings.steps * settings.batch / (time.monotonic() - began))
    return {"samples_per_s": speeds[1:]}


PROGRAMS = {"own": own, "nnunet": nnunet}

if __name__ == "__main__":
    main()
