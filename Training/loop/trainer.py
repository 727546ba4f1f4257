"""Training of one stage on one fold, which a kill at any moment does not change: only delays."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric

from ICHSegmentationLib.errors import ICHError, InputError
from Training.bfloat16 import keep_small_images_in_float32
from Training.datasets import Case
from Training.datasets.identity import identity_of
from Training.fresh_network import fresh_network
from Training.losses import RecipeLoss
from Training.recipes.recipe import StageRecipe
from Training.transforms import train_transforms

from .checkpoint import Progress, load_last, save_best, save_last
from .clock import Clock
from .fabric import mean_over_processes
from .log import TrainLog
from .memory import memory_advice
from .options import TrainOptions
from .patches import Batch, Patches, Place, batches
from .plan import Spacing, manifest_stage
from .scans import ScanStore
from .schedule import learning_rate, make_optimizer
from .validation import mean_dice

_ASK_EVERY = 5
"""Steps after which the clock is looked at for a save within an epoch."""


@dataclass(frozen=True)
class Material:
    """What a stage is trained on.

    Attributes:
        training, validation: cases with masks.
        spacing_mm: what the scans mostly have.
        store: reads the cases, and the answers of an earlier stage where this one needs them.
        cache: folder for what need not be computed twice.
        threshold: probability from which a voxel is hemorrhage, for the validation Dice.
    """

    training: Sequence[Case]
    validation: Sequence[Case]
    spacing_mm: Spacing
    store: ScanStore
    cache: Path
    threshold: float = 0.5


def train_stage(
    stage: StageRecipe, material: Material, folder: Path, options: TrainOptions, fabric: Fabric
) -> Progress:
    """Train a stage, or go on with the training found in ``folder``.

    ``folder`` then holds ``best.safetensors`` (the weights with the highest validation Dice), ``last.pt``
    (the whole state), ``log.jsonl`` and ``tensorboard``.

    Raises:
        InputError: there is no case to train or validate on, the batch cannot be shared by the processes, or
            ``folder`` holds another training.
        InsufficientMemoryError: the memory did not suffice; the hint says what to change.
    """
    if not material.training or not material.validation:
        raise InputError(
            f"Expected cases with masks to train and to validate on, found {len(material.training)} and "
            f"{len(material.validation)}.",
            "Prepare the data set with more cases, or fewer folds.",
        )
    if stage.batch % fabric.world_size:
        raise InputError(
            f"Expected a batch that {fabric.world_size} processes can share evenly, found {stage.batch}.",
            f"Start a number of processes that divides {stage.batch}, or choose another --batch.",
        )
    folder.mkdir(parents=True, exist_ok=True)
    with memory_advice(stage, options):
        return _Training(stage, material, folder, options, fabric).run()


class _Training:
    def __init__(
        self, stage: StageRecipe, material: Material, folder: Path, options: TrainOptions, fabric: Fabric
    ) -> None:
        self._stage, self._material, self._folder = stage, material, folder
        self._options, self._fabric = options, fabric
        self._steps = stage.epochs * stage.iterations_per_epoch
        self._plan = manifest_stage(stage, material.spacing_mm)
        torch.manual_seed(options.seed)
        self._network = fresh_network(stage)
        if options.precision == "bf16-mixed" and fabric.device.type == "cpu":
            keep_small_images_in_float32(self._network)
        optimizer = make_optimizer(stage.optimizer, self._network.parameters())
        self._model, self._optimizer = fabric.setup(self._network, optimizer)
        self._loss = RecipeLoss(stage.loss, stage.activation)
        self._described = _described(stage, material, options)
        self._progress = self._resumed()
        self._loss_sum = torch.tensor(self._progress.loss_sum, dtype=torch.float32, device=fabric.device)

    def run(self) -> Progress:
        progress, per_epoch = self._progress, self._stage.iterations_per_epoch
        if progress.stopped or progress.step >= self._steps:
            return progress
        log = TrainLog(
            self._folder, self._stage.name, progress.step // per_epoch, progress.step, self._steps,
            self._fabric.is_global_zero,
        )  # fmt: skip
        with log:
            source = self._batches()
            clock = Clock()
            while progress.step < self._steps and not progress.stopped:
                self._step(next(source), clock)
                log.step()
                if progress.step % per_epoch == 0:
                    self._end_of_epoch(log, clock)
                    clock = Clock()
                elif progress.step % _ASK_EVERY == 0 and self._time_to_save(clock):
                    self._save()
                    clock.saved()
        return progress

    def _time_to_save(self, clock: Clock) -> bool:
        """The first process decides for all."""
        return bool(self._fabric.broadcast(clock.since_saved() >= self._options.save_every_s))

    def _batches(self) -> Iterator[Batch]:
        stage, material, fabric = self._stage, self._material, self._fabric
        patches = Patches(
            material.training,
            material.store,
            train_transforms(stage, self._options.seed),
            material.cache,
            self._options.seed,
        )
        place = Place(fabric.global_rank, fabric.world_size, fabric.device.type == "cuda")
        return batches(patches, self._progress.step, self._steps, stage.batch, self._options, place)

    def _step(self, batch: Batch, clock: Clock) -> None:
        clock.waited()
        stage, step = self._stage, self._progress.step
        rate = learning_rate(stage, step // stage.iterations_per_epoch)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        # What is random in the network (dropout) depends on the step alone.
        fabric = self._fabric
        draw = step * fabric.world_size + fabric.global_rank
        torch.manual_seed((self._options.seed + 1) * 1_000_003 + draw)
        image, label = (batch[key].to(fabric.device, non_blocking=True) for key in ("image", "label"))
        loss = self._loss(self._model(image), label)
        fabric.backward(loss)
        if stage.optimizer.gradient_clip is not None:
            fabric.clip_gradients(
                self._model, self._optimizer, max_norm=stage.optimizer.gradient_clip, error_if_nonfinite=False
            )
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        self._loss_sum += loss.detach()
        self._progress.step += 1
        clock.worked()

    def _end_of_epoch(self, log: TrainLog, clock: Clock) -> None:
        progress, stage = self._progress, self._stage
        epoch = progress.step // stage.iterations_per_epoch - 1
        loss = mean_over_processes(self._fabric, self._loss_sum) / stage.iterations_per_epoch
        if not torch.isfinite(torch.tensor(loss)):
            raise ICHError(
                f"The loss of '{stage.name}' is no number in epoch {epoch}.",
                "Try a lower learning rate, gradient clipping, or --precision 32-true.",
            )
        self._loss_sum.zero_()
        told: dict[str, Any] = {
            "epoch": epoch,
            "loss": loss,
            "learning_rate": learning_rate(stage, epoch),
            **clock.told(stage.iterations_per_epoch * stage.batch),
        }
        if (epoch + 1) % self._options.validate_every == 0 or progress.step == self._steps:
            told["dice"] = self._validate(epoch)
        log.epoch(**told)
        self._save()

    def _validate(self, epoch: int) -> float:
        material, progress = self._material, self._progress
        found = mean_dice(
            self._plan, self._network, material.validation, material.store, material.threshold, self._fabric
        )
        if found > progress.best_dice:
            progress.best_dice, progress.best_epoch = found, epoch
            if self._fabric.is_global_zero:
                save_best(self._folder, self._network)
        patience = self._stage.early_stopping
        progress.stopped = patience is not None and epoch - progress.best_epoch >= patience
        return found

    def _save(self) -> None:
        self._progress.loss_sum = mean_over_processes(self._fabric, self._loss_sum)
        if self._fabric.is_global_zero:
            save_last(
                self._folder,
                {
                    "described": self._described,
                    "progress": asdict(self._progress),
                    "network": self._network.state_dict(),
                    "optimizer": self._optimizer.state_dict(),
                    "precision": self._fabric.strategy.precision.state_dict(),
                },
            )
        self._fabric.barrier()

    def _resumed(self) -> Progress:
        self._fabric.barrier()
        state = load_last(self._folder, self._described)
        if state is None:
            return Progress()
        self._network.load_state_dict(state["network"])
        self._optimizer.load_state_dict(state["optimizer"])
        if state["precision"]:  # empty where it was saved in another precision, which keeps no state
            self._fabric.strategy.precision.load_state_dict(state["precision"])
        return Progress(**state["progress"])


def _described(stage: StageRecipe, material: Material, options: TrainOptions) -> str:
    """One hash of all that must be the same for a training to go on."""
    said = {
        "stage": asdict(stage),
        "training": identity_of(material.training),
        "validation": identity_of(material.validation),
        "seed": options.seed,
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=dict).encode()).hexdigest()
