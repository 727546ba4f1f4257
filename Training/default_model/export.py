"""From checkpoints to a model folder that the library loads."""

import json
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ICHSegmentationLib.io.atomic import atomic_path
from ICHSegmentationLib.models.folder import MANIFEST_NAME, sha256_of
from ICHSegmentationLib.networks import build
from ICHSegmentationLib.networks.weights import load_weights, save_weights

from .graph import write_graph
from .recipe import Recipe, StageRecipe


def export(recipe: Recipe, out: Path, folder: Path, start: Path | None = None) -> None:
    """Write ``recipe``'s averaged weights (kernels in half precision), graphs and ``model.json`` into
    ``folder``.

    Args:
        start: the model that the training started from, where the mean of its weights and the trained ones is
            wanted: less of what it knew is lost (Wortsman et al. 2022, arXiv:2109.01903).
    """
    folder.mkdir(parents=True, exist_ok=True)
    stages = {stage.name: _export_stage(stage, out, folder, start) for stage in recipe.stages}
    manifest = {**recipe.manifest, "stages": stages, "inference": recipe.inference}
    with atomic_path(folder / MANIFEST_NAME) as temporary:
        temporary.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def _export_stage(stage: StageRecipe, out: Path, folder: Path, start: Path | None) -> dict[str, Any]:
    average = torch.optim.swa_utils.AveragedModel(build(stage.network))
    average.load_state_dict(torch.load(out / stage.name / "checkpoint.pt", weights_only=True)["average"])
    path = folder / f"{stage.name}.safetensors"
    if start:
        _go_half_way_back(average.module, build(stage.network), start / path.name)
    with atomic_path(path) as temporary:
        save_weights(average.module, temporary)
    graph = write_graph(average.module, 1, path, folder / f"{stage.name}.onnx")
    return {
        "network": stage.network,
        "weights": path.name,
        "sha256": sha256_of(path),
        "spacing_mm": list(stage.spacing_mm),
        "patch": list(stage.largest_pass),
        "windows": [list(stage.window)],
        "graph": graph,
    }


def _go_half_way_back(network: nn.Module, earlier: nn.Module, weights: Path) -> None:
    load_weights(earlier, weights)
    with torch.no_grad():
        for learned, known in zip(network.parameters(), earlier.parameters(), strict=True):
            learned.lerp_(known, 0.5)
