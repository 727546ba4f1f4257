"""A data set of tiny heads and a recipe whose network learns them in seconds."""

from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import torch

from Training.cli import main
from Training.datasets import Case
from Training.loop.checkpoint import LAST, Progress
from Training.loop.fabric import make_fabric
from Training.loop.options import TrainOptions
from Training.loop.scans import ScanStore
from Training.loop.trainer import Material, train_stage
from Training.recipes import LossRecipe, LossTerm, OptimizerRecipe, Recipe, StageRecipe, Step

SHAPE, SPACING_MM = (6, 40, 36), (5.0, 4.0, 4.0)
_NETWORK = {
    "kind": "nnunet",
    "spatial_dims": 2,
    "in_channels": 1,
    "out_channels": 2,
    "features": [4, 8, 8],
    "strides": [[2, 2], [2, 2]],
}
STAGE = StageRecipe(
    name="slices",
    network=_NETWORK,
    patch=(1, 32, 32),
    batch=2,
    windows=((40.0, 80.0),),
    augmentation=(Step("noise", {"std": 0.1, "probability": 0.5}),),
    lesion_share=0.5,
    loss=LossRecipe((LossTerm("cross_entropy"),)),
    optimizer=OptimizerRecipe("adam", 1e-2, gradient_clip=12.0),
    epochs=4,
    iterations_per_epoch=3,
    window_step=(1, 16, 16),
)
CPU = TrainOptions(accelerator="cpu")
RECIPE = Recipe(name="tiny", paper="Nobody, For tests", stages=(STAGE,), folds=2)


def write_cases(folder: Path, count: int = 4, shape: tuple[int, int, int] = SHAPE) -> list[Case]:
    """Heads in the layout of a plain folder: noise around brain, and a brick of blood."""
    cases = cases_in(folder, count)
    for number, case in enumerate(cases):
        rng = np.random.default_rng(number)
        hu = rng.normal(30, 4, shape).round().astype(np.int16)
        mask = np.zeros(shape, np.uint8)
        row, column = rng.integers(4, shape[1] - 16), rng.integers(4, shape[2] - 16)
        mask[1:-1, row : row + 12, column : column + 12] = 1
        hu[mask > 0] += 40
        affine = np.diag([-SPACING_MM[2], -SPACING_MM[1], SPACING_MM[0], 1.0])
        for path, voxels in ((case.image, hu), (case.mask, mask)):
            assert isinstance(path, Path)
            path.parent.mkdir(parents=True, exist_ok=True)
            nib.save(nib.Nifti1Image(voxels.T, affine), path)
    return cases


def cases_in(folder: Path, count: int) -> list[Case]:
    """What :func:`write_cases` has written."""
    cases = []
    for name in (f"c{number}" for number in range(count)):
        image, mask = folder / "images" / f"{name}.nii.gz", folder / "masks" / f"{name}.nii.gz"
        cases.append(Case(name, f"patient {name}", image, mask, {1: "hemorrhage"}))
    return cases


def material(folder: Path, cases: list[Case]) -> Material:
    """The first cases to train on, the last to validate on."""
    store = ScanStore(folder / "cache" / "scans")
    return Material(cases[:-1], cases[-1:], SPACING_MM, store, folder / "cache" / "stage")


def run(folder: Path, cases: list[Case], stage: StageRecipe = STAGE, options: TrainOptions = CPU) -> Progress:
    """Train a stage on these cases in ``folder``, or go on."""
    return train_stage(stage, material(folder, cases), folder / stage.name, options, make_fabric(options))


def weights(folder: Path) -> dict[str, Any]:
    """The last weights of the training in ``folder``."""
    return torch.load(folder / LAST, weights_only=True)["network"]


def prepared(folder: Path, **data: Any) -> Path:
    """A prepared data set of two folds."""
    write_cases(folder / "raw", **data)
    out = folder / "prepared"
    code = main(["prepare", str(folder / "raw"), "-o", str(out), "--folds", "2", "--processes", "1"])
    assert code == 0
    return out
