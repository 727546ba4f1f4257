"""How a training is run: what concerns the machine and not the method."""

import os
from dataclasses import dataclass
from typing import Literal, get_args

from ICHSegmentationLib.errors import InputError

Accelerator = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["32-true", "16-mixed", "bf16-mixed"]
ACCELERATORS: tuple[Accelerator, ...] = get_args(Accelerator)
PRECISIONS: tuple[Precision, ...] = get_args(Precision)


@dataclass(frozen=True)
class TrainOptions:
    """Nothing here changes what is learned, apart from rounding.

    Attributes:
        accelerator: where to train; ``auto`` takes a GPU when there is one.
        precision: ``16-mixed`` and ``bf16-mixed`` compute in half precision where that is safe.
        workers: processes that read and augment; 0 does both between the steps.
        seed: of the weights, the order of the cases and the augmentation.
        validate_every: epochs from one validation to the next; the last one always has one.
        save_every_s: seconds after which the state is saved also within an epoch.
    """

    accelerator: Accelerator = "auto"
    precision: Precision = "32-true"
    workers: int = 0
    seed: int = 0
    validate_every: int = 1
    save_every_s: float = 300.0

    def __post_init__(self) -> None:
        if self.accelerator not in ACCELERATORS:
            raise InputError(
                f"Expected an accelerator out of {', '.join(ACCELERATORS)}, found {self.accelerator}."
            )
        if self.precision not in PRECISIONS:
            raise InputError(f"Expected a precision out of {', '.join(PRECISIONS)}, found {self.precision}.")
        if self.workers < 0 or self.validate_every < 1:
            raise InputError(
                f"Expected at least 0 workers and 1 epoch between validations, found {self.workers} and "
                f"{self.validate_every}."
            )


def processes() -> int:
    """How many processes train together: torchrun says it in the environment."""
    return int(os.environ.get("WORLD_SIZE", "1"))
