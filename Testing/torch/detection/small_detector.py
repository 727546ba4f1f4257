"""Model folders of detectors with small random networks."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ICHSegmentationLib.detection import CLASSES
from ICHSegmentationLib.models import ModelFolder
from ICHSegmentationLib.networks import build
from ICHSegmentationLib.networks.slice_sequence import SliceSequence
from ICHSegmentationLib.networks.weights import save_weights
from ICHSegmentationLib.preparation.brain_slices import SHAPE

SIZE = 64
SLICES = {"kind": "resnet18", "width": 2}
SEQUENCE = {"kind": "slice_sequence", "features": 16, "components": 5, "hidden": 3}
SLICE_MAP = {"kind": "slice_map", "features": [4, 4, 4]}


def random_network(config: Mapping[str, Any], seed: int) -> nn.Module:
    """With running statistics of its own, and principal components as a fit would give."""
    torch.manual_seed(seed)
    network = build(config)
    if isinstance(network, SliceSequence):
        directions = torch.linalg.qr(torch.randn(network.components.shape[1], network.components.shape[0])).Q
        network.set_components(torch.randn(len(network.mean)), directions.T)
        return network.eval()
    channels = 4 if config["kind"] == "slice_map" else 3
    with torch.no_grad():
        network.train()(torch.rand(2, channels, SIZE, SIZE))
    return network.eval()


def write_detector(
    folder: Path, networks: Mapping[str, nn.Module], configs: Mapping[str, Any], **changes: Any
) -> ModelFolder:
    """A whole model folder; keyword arguments replace keys of its manifest."""
    folder.mkdir(parents=True)
    stages = {}
    for name, network in networks.items():
        path = folder / f"{name}.safetensors"
        save_weights(network, path)
        brain = configs[name]["kind"] == "slice_map"
        stages[name] = {
            "network": configs[name],
            "weights": path.name,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "spacing_mm": [5.0, 0.9, 0.9],
            "patch": [1, *SHAPE] if brain else [1, SIZE, SIZE],
            "windows": [[42.5, 115]] if brain else [[40, 80], [80, 200], [40, 380]],
        }
    document = {
        "schema_version": 1,
        "id": "random",
        "version": "1.0.0",
        "name": "Random",
        "description": "For tests.",
        "recipe": "detector",
        "stages": stages,
        "labels": list(CLASSES),
        "inference": {"temperature": 1.5, **{f"threshold_{label}": 0.5 for label in CLASSES}},
        "training": {
            "data": [{"name": "None", "citation": "None", "licence": "None"}],
            "split": "none",
            "command": "none",
        },
        "licence": "Apache-2.0",
        "citation": "None",
        "metrics": {},
        **changes,
    }
    (folder / "model.json").write_text(json.dumps(document))
    return ModelFolder.open(folder)


def random_detector(folder: Path, sequence: bool = True, **changes: Any) -> ModelFolder:
    configs = {"slices": SLICES, **({"sequence": SEQUENCE} if sequence else {})}
    networks = {name: random_network(config, seed) for seed, (name, config) in enumerate(configs.items())}
    return write_detector(folder, networks, configs, **changes)
