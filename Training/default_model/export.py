"""From checkpoints to a model folder that the library loads."""

import json
from pathlib import Path
from typing import Any

import torch

from ICHSegmentationLib.io.atomic import atomic_path
from ICHSegmentationLib.models.folder import MANIFEST_NAME, sha256_of
from ICHSegmentationLib.networks import build
from ICHSegmentationLib.networks.weights import save_weights

from .graph import write_graph
from .recipe import Recipe, StageRecipe


def export(recipe: Recipe, out: Path, folder: Path) -> None:
    """Write ``recipe``'s averaged weights (kernels in half precision), graphs and ``model.json`` into
    ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    stages = {stage.name: _export_stage(stage, out, folder) for stage in recipe.stages}
    manifest = {**recipe.manifest, "stages": stages, "inference": recipe.inference}
    with atomic_path(folder / MANIFEST_NAME) as temporary:
        temporary.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def _export_stage(stage: StageRecipe, out: Path, folder: Path) -> dict[str, Any]:
    average = torch.optim.swa_utils.AveragedModel(build(stage.network))
    average.load_state_dict(torch.load(out / stage.name / "checkpoint.pt", weights_only=True)["average"])
    path = folder / f"{stage.name}.safetensors"
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
