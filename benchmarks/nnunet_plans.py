"""nnU-Net v2's own trainer, planned to train one of our networks: used by training_steps.py."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import torch

from Training.datasets import Case, to_nnunet
from Training.recipes import StageRecipe

DATASET, CONFIGURATION = 1, "3d_fullres"


class Asked(Protocol):
    """What is needed of training_steps.Settings."""

    folder: str
    workers: int


def trainer(asked: Asked, stage: StageRecipe, cases: Sequence[Case]) -> Any:
    """An ``nnUNetTrainer`` on the CPU with the stage's network, patch and batch, its data preprocessed."""
    folder = Path(asked.folder) / "nnunet"
    os.environ |= {f"nnUNet_{name}": str(folder / name) for name in ("raw", "preprocessed", "results")}
    os.environ |= {"nnUNet_n_proc_DA": str(asked.workers)}
    # It asks for its folders when it is imported.
    from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer

    place = folder / "preprocessed" / f"Dataset{DATASET:03d}_Speed"
    if not (place / "done").exists():
        preprocess(folder, cases)
        (place / "done").touch()
    plans = json.loads((place / "nnUNetPlans.json").read_text("utf-8"))
    described = json.loads((place / "dataset.json").read_text("utf-8"))
    plans["configurations"][CONFIGURATION] |= {
        "patch_size": list(stage.patch),
        "batch_size": stage.batch,
        "batch_dice": False,
        "architecture": architecture(stage),
    }
    plans["continue_training"] = False
    return nnUNetTrainer(plans, CONFIGURATION, "all", described, torch.device("cpu"))


def preprocess(folder: Path, cases: Sequence[Case]) -> None:
    """As ``nnUNetv2_plan_and_preprocess`` does, at the spacing that Li and Chen tell."""
    from nnunetv2.experiment_planning.plan_and_preprocess_api import (
        extract_fingerprint_dataset,
        plan_experiment_dataset,
        preprocess_dataset,
    )

    if not (folder / "raw" / f"Dataset{DATASET:03d}_Speed").exists():
        to_nnunet(cases, folder / "raw", DATASET, "Speed")
    extract_fingerprint_dataset(DATASET, num_processes=1)
    plan_experiment_dataset(DATASET, overwrite_target_spacing=(5.0, 0.42, 0.42))
    preprocess_dataset(DATASET, configurations=[CONFIGURATION], num_processes=[1])


def architecture(stage: StageRecipe) -> dict[str, Any]:
    """The stage's network as nnU-Net's plans describe it."""
    features, strides = stage.network["features"], stage.network["strides"]
    levels, flat = len(features), stage.network["flat_levels"]
    return {
        "network_class_name": "dynamic_network_architectures.architectures.unet.PlainConvUNet",
        "arch_kwargs": {
            "n_stages": levels,
            "features_per_stage": features,
            "conv_op": "torch.nn.modules.conv.Conv3d",
            "kernel_sizes": [[1, 3, 3] if level < flat else [3, 3, 3] for level in range(levels)],
            "strides": [[1, 1, 1], *strides],
            "n_conv_per_stage": [2] * levels,
            "n_conv_per_stage_decoder": [2] * (levels - 1),
            "conv_bias": False,
            "norm_op": "torch.nn.modules.instancenorm.InstanceNorm3d",
            "norm_op_kwargs": {"eps": 1e-5, "affine": True},
            "dropout_op": None,
            "dropout_op_kwargs": None,
            "nonlin": "torch.nn.LeakyReLU",
            "nonlin_kwargs": {"inplace": True},
        },
        "_kw_requires_import": ["conv_op", "norm_op", "dropout_op", "nonlin"],
    }
