"""What int8 would change: the default model quantised after training, beside full precision.

    pip install nncf
    python benchmarks/int8.py ../shared/data --output docs/performance.md

NNCF quantises both networks for OpenVINO (preset ``mixed``), calibrated on what they are fed with on every
sixth training scan. On the validation scans, int8 would be offered if the mean Dice fell by at most 0.005 and
every mask agreed with full precision: Dice at least 0.99, volume within 1 %. About 8 minutes of one core.
"""

import argparse
import tempfile
import time
from pathlib import Path

import marked_page
import nncf
import numpy as np
import openvino
from processes import machine, table

from ICHSegmentationLib import models
from ICHSegmentationLib.inference.cascade import Segmenter, stage_of
from ICHSegmentationLib.inference.engines.network import Image, Network
from ICHSegmentationLib.inference.engines.opening import open_network
from ICHSegmentationLib.inference.engines.openvino_core import core
from ICHSegmentationLib.inference.engines.openvino_network import OpenVINONetwork
from ICHSegmentationLib.io import read_ct, read_mask
from ICHSegmentationLib.models import ModelFolder
from Training.default_model.cases import Case, read_cases

EVERY, MOST_INPUTS = 6, 24
LEAST_DICE, MOST_DIFFERENCE = 0.99, 0.01

Networks = dict[str, Network]


class Recorded:
    """A network that keeps what it is fed with."""

    def __init__(self, network: Network) -> None:
        self._network, self.inputs = network, []
        self.engine, self.divisor = network.engine, network.divisor

    def __call__(self, image: Image) -> Image:
        self.inputs.append(image.copy())
        return self._network(image)


class Cascade(Segmenter):
    """The default model with other networks than it brings."""

    def __init__(self, model: ModelFolder, networks: Networks) -> None:
        super().__init__(model, "cpu", 1, "openvino")
        self._coarse, self._fine = (
            stage_of(model.manifest.stages[name], networks[name], "cpu", mirrored=False)
            for name in ("coarse", "fine")
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="the folder with cases.csv")
    parser.add_argument("--cases", type=int, help="only so many validation scans")
    parser.add_argument("--output", type=Path, help="a page with marks; else the table is printed alone")
    arguments = parser.parse_args()
    model, cases = models.default_model(), read_cases(arguments.data)
    full: Networks = {
        name: open_network(model, name, "openvino", "cpu", 1).network for name in model.manifest.stages
    }
    watched = {name: Recorded(network) for name, network in full.items()}
    calibrating = Cascade(model, watched)
    for case in [case for case in cases if case.split == "train"][::EVERY]:
        calibrating(read_ct(case.image))
    with tempfile.TemporaryDirectory() as folder:
        int8 = {
            name: quantised(model, name, watched[name].inputs[:MOST_INPUTS], Path(folder)) for name in full
        }
        ways = {
            "full precision": full,
            "coarse network in int8": {**full, "coarse": int8["coarse"]},
            "both in int8": int8,
        }
        cascades = {way: Cascade(model, networks) for way, networks in ways.items()}
        judged = [case for case in cases if case.split == "validation"][: arguments.cases]
        results = [compared(case, cascades) for case in judged]
    text = (
        f"Made by `python benchmarks/int8.py DATA` on {machine()}, NNCF {nncf.__version__}, "
        f"{model.manifest.id} {model.manifest.version}; {len(judged)} validation scans, one thread.\n\n"
    )
    marked_page.show(text + columns(results), arguments.output, "measured with int8")


def quantised(model: ModelFolder, stage: str, inputs: list[Image], folder: Path) -> Network:
    graph = model.manifest.stages[stage].graph
    assert graph is not None
    network = nncf.quantize(
        core().read_model(str(model.graph(stage))),
        nncf.Dataset(inputs),
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=len(inputs),
    )
    path = folder / f"{stage}.xml"
    openvino.save_model(network, str(path), compress_to_fp16=False)
    return OpenVINONetwork(path, graph.divisor, 1)


def compared(case: Case, cascades: dict[str, Cascade]) -> dict[str, dict[str, float]]:
    """Of each way: CPU seconds, Dice against full precision and the reference, change of the volume."""
    ct = read_ct(case.image)
    reference = None if case.mask is None else read_mask(case.mask, ct).voxels > 0
    found, expected = {}, None
    for way, cascade in cascades.items():
        started = time.process_time()
        mask = cascade(ct).mask.voxels > 0
        seconds = time.process_time() - started
        expected = mask if expected is None else expected
        change = abs(np.count_nonzero(mask) - np.count_nonzero(expected)) / max(1, np.count_nonzero(expected))
        found[way] = {"cpu_s": seconds, "agreement": dice(mask, expected), "change": change}
        if reference is not None:
            found[way]["dice"] = dice(mask, reference)
    print(case.name, {way: round(one["agreement"], 4) for way, one in found.items()}, flush=True)
    return found


def dice(first: np.ndarray, second: np.ndarray) -> float:
    total = np.count_nonzero(first) + np.count_nonzero(second)
    return 2 * np.count_nonzero(first & second) / total if total else 1.0


def columns(results: list[dict[str, dict[str, float]]]) -> str:
    ways = list(results[0])
    rows = [
        ["CPU-s a scan, mean"],
        ["mean Dice against the silver masks"],
        ["lowest Dice against full precision"],
        [f"scans with Dice below {LEAST_DICE}"],
        [f"scans whose volume differs by more than {MOST_DIFFERENCE:.0%}"],
        ["largest difference in volume"],
    ]
    for way in ways:
        of_way = [result[way] for result in results]
        agreement, change = [one["agreement"] for one in of_way], [one["change"] for one in of_way]
        values = [
            f"{np.mean([one['cpu_s'] for one in of_way]):.2f}",
            f"{np.mean([one['dice'] for one in of_way if 'dice' in one]):.3f}",
            f"{min(agreement):.3f}",
            f"{sum(one < LEAST_DICE for one in agreement)} of {len(results)}",
            f"{sum(one > MOST_DIFFERENCE for one in change)} of {len(results)}",
            f"{max(change):.1%}",
        ]
        for row, value in zip(rows, values, strict=True):
            row.append(value)
    return table(["", *ways], rows)


if __name__ == "__main__":
    main()
