"""A detector's networks as ONNX files in its folder, for engines that then need no PyTorch."""

import argparse
from dataclasses import replace
from pathlib import Path

from ICHSegmentationLib.detection.parts import example_of, part_of
from ICHSegmentationLib.detection.run_onnxruntime import convert
from ICHSegmentationLib.io.atomic import atomic_path
from ICHSegmentationLib.models import Manifest, ModelFolder
from ICHSegmentationLib.models.folder import MANIFEST_NAME, sha256_of
from ICHSegmentationLib.models.graph import Graph


def bring_graphs(folder: Path) -> Manifest:
    """Write ``<stage>.onnx`` for each network of the detector in ``folder``; ``model.json`` then names it.

    Unlike the graphs of the segmentation models they hold the weights once more: a light detector is small.
    """
    model = ModelFolder.open(folder)
    model.verify()
    stages = {}
    for name, stage in model.manifest.stages.items():
        part, path = part_of(model, name), folder / f"{name}.onnx"
        with atomic_path(path) as temporary:
            convert(part, example_of(model, name, part), temporary)
        stages[name] = replace(stage, graph=Graph(path.name, sha256_of(path), stage.patch))
    manifest = replace(model.manifest, stages=stages)
    with atomic_path(folder / MANIFEST_NAME) as temporary:
        temporary.write_text(manifest.to_json(), "utf-8")
    return manifest


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=bring_graphs.__doc__)
    parser.add_argument("folder", type=Path)
    bring_graphs(parser.parse_args().folder)
