"""A model as a MONAI Bundle: its networks, and the whole way from scan to mask as a MONAI configuration."""

import json
import shutil
from pathlib import Path
from typing import Any

import monai
import numpy as np
import torch

import ICHSegmentationLib
from ICHSegmentationLib.models import ModelFolder, Stage
from ICHSegmentationLib.networks import build
from ICHSegmentationLib.networks.weights import load_weights

_README = """# {name}

{description}

A MONAI Bundle of a model of ICHSegmentation; `pip install ichsegmentation` first.

- `models/<stage>.pt`: the weights of each network, `configs/inference.json` says how to build it
  (`network_def_<stage>`).
- `model/`: the model folder of ICHSegmentation.
- `python -m monai.bundle run run --config_file configs/inference.json --bundle_root . --scan CT.nii.gz
  --output_dir OUT` outlines and measures the hemorrhage on a scan. MONAI's command needs `pip install fire`.
- `preprocessing`, `network_def`, `inferer` and `postprocessing` are there for programs that put a bundle
  together themselves. A scan goes through several networks, in windows, so `network_def` is the whole way:
  it takes one scan in HU, `[1, 1, W, H, D]` with its affine, and gives its label values on the same voxels.
  It reads its weights from `model/`; `models/model.pt` is empty.

Licence of the weights: {licence}. Research use only; not a medical device.
"""


_KEYS = {"keys": "image"}
_PARTS: dict[str, Any] = {
    "preprocessing": {
        "_target_": "Compose",
        "transforms": [
            {"_target_": "LoadImaged", **_KEYS},
            {"_target_": "EnsureChannelFirstd", **_KEYS},
            {"_target_": "EnsureTyped", **_KEYS},
        ],
    },
    "network_def": {"_target_": "Training.loop.whole_scan.WholeScan", "folder": "$@bundle_root + '/model'"},
    "inferer": {"_target_": "SimpleInferer"},
    "postprocessing": {
        "_target_": "Compose",
        "transforms": [{"_target_": "EnsureTyped", "keys": "pred", "dtype": "$torch.uint8"}],
    },
}
"""What MONAI Label and others look for in a bundle."""


def write_bundle(model: ModelFolder, folder: Path) -> None:
    """Write ``configs``, ``models``, ``docs`` and the model folder itself into an existing folder."""
    shutil.copytree(model.path, folder / "model")
    for part in ("configs", "models", "docs"):
        (folder / part).mkdir()
    for name, stage in model.manifest.stages.items():
        network = build(stage.network)
        load_weights(network, model.weights(name))
        torch.save(network.state_dict(), folder / "models" / f"{name}.pt")
    torch.save({}, folder / "models" / "model.pt")  # the whole way has no weights of its own
    _write_json(folder / "configs" / "metadata.json", _metadata(model))
    _write_json(folder / "configs" / "inference.json", _inference(model))
    manifest = model.manifest
    readme = _README.format(name=manifest.name, description=manifest.description, licence=manifest.licence)
    (folder / "docs" / "README.md").write_text(readme, "utf-8")
    (folder / "LICENSE").write_text(f"Weights: {manifest.licence}\n", "utf-8")


def _inference(model: ModelFolder) -> dict[str, Any]:
    """A configuration of ``python -m monai.bundle run run``."""
    config: dict[str, Any] = {
        "imports": [
            "$import torch",
            "$from pathlib import Path",
            "$from ICHSegmentationLib.pipeline import segment_case",
        ],
        "bundle_root": ".",
        "scan": "ct.nii.gz",
        "output_dir": "$@bundle_root + '/output'",
        "settings": {
            "_target_": "ICHSegmentationLib.settings.SegmentationSettings",
            "model": "$@bundle_root + '/model'",
        },
        # MONAI takes an expression with the word for an import in it for one.
        "run": ["$segment_case(Path(@scan), Path(@output_dir), @settings)"],
        **_PARTS,
    }
    for name, stage in model.manifest.stages.items():
        key = f"network_def_{name.replace('-', '_')}"
        config[key] = {"_target_": "ICHSegmentationLib.networks.build", "config": _literal(stage)}
    return config


def _literal(stage: Stage) -> dict[str, Any]:
    """The network's dictionary; MONAI leaves it as it is, for it holds no ``_target_``."""
    return json.loads(json.dumps(dict(stage.network)))


def _metadata(model: ModelFolder) -> dict[str, Any]:
    manifest = model.manifest
    last = list(manifest.stages.values())[-1]
    return {
        "schema": "https://github.com/Project-MONAI/MONAI-extra-test-data/releases/download/0.8.1/"
        "meta_schema_20240725.json",
        "version": manifest.version,
        "changelog": {manifest.version: "exported"},
        "monai_version": monai.__version__,
        "pytorch_version": torch.__version__,
        "numpy_version": np.__version__,
        "required_packages_version": {"ichsegmentation": ICHSegmentationLib.__version__},
        "name": manifest.name,
        "task": "Segmentation of intracranial hemorrhage",
        "description": manifest.description,
        "authors": manifest.citation,
        "copyright": manifest.licence,
        "data_source": "; ".join(source.name for source in manifest.training.data),
        "intended_use": "Research use only; not a medical device.",
        "network_data_format": {
            "inputs": {
                "image": {
                    "type": "image",
                    "format": "hounsfield",
                    "modality": "CT",
                    "num_channels": max(1, len(last.windows)),
                    "spatial_shape": list(last.patch),
                    "dtype": "float32",
                    "value_range": [],
                    "is_patch_data": True,
                    "channel_def": {},
                }
            },
            "outputs": {
                "pred": {
                    "type": "image",
                    "format": "segmentation",
                    "num_channels": 1,
                    "spatial_shape": list(last.patch),
                    "dtype": "float32",
                    "value_range": [0, 1],
                    "is_patch_data": True,
                    "channel_def": {"0": "background", "1": manifest.labels[0]},
                }
            },
        },
    }


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", "utf-8")
