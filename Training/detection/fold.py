"""One fold of a detector: both steps, end to end where the recipe has it, and its validation scans judged."""

import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import nn

from ICHSegmentationLib.errors import InputError
from ICHSegmentationLib.networks import build
from ICHSegmentationLib.networks.encoders import load_imagenet_weights
from ICHSegmentationLib.networks.slice_sequence import SliceSequence
from ICHSegmentationLib.networks.weights import load_weights

from ..datasets.identity import identity_of
from ..datasets.prepared import load_split, write_json
from ..recipes.al_fahim_detector import DetectorRecipe
from .calibration import fit_temperature
from .cnn import judged_slices, train_cnn
from .predictions import SlicePrediction, predictions_of, write_predictions
from .sequence import train_end_to_end, train_sequence
from .slices import SliceScan, SliceStore

_log = logging.getLogger(__name__)

CNN, SEQUENCE, RECORD, PREDICTIONS = (
    "slices.safetensors",
    "sequence.safetensors",
    "fold.json",
    "predictions.csv",
)


@dataclass(frozen=True)
class Options:
    """How a fold is trained: where, with how many reading processes, from which ImageNet weights."""

    device: str = "cpu"
    workers: int = 0
    seed: int = 0
    imagenet: Path | None = None


@dataclass(frozen=True)
class FoldResult:
    """What a fold came to: the least validation loss of each step that was taken."""

    fold: int
    losses: dict[str, float]


def train(
    recipe: DetectorRecipe, prepared: Path, fold: int, out: Path, options: Options | None = None
) -> FoldResult:
    """Train a detector on one fold of a prepared data set; ``out/fold_<n>`` gets weights and predictions.

    A step whose loss stands in ``fold.json`` is not taken again, so an interrupted training goes on with the
    step in which it was.

    Raises:
        InputError: the data set is not prepared, has no such fold, or too little is known of its slices; or
            ``out`` holds another training.
        ModelError: the ImageNet weights are of another network.
    """
    options = options or Options()
    folder = out / f"fold_{fold}"
    folder.mkdir(parents=True, exist_ok=True)
    parts = load_split(prepared, fold)
    record = _Record.open(folder / RECORD, recipe, fold, options.seed, *map(identity_of, parts))
    store = SliceStore(out / "cache", recipe.size)
    training, validation = (store.scans(cases) for cases in parts)
    torch.manual_seed(options.seed)
    cnn = build(recipe.slices)
    if options.imagenet is not None:
        load_imagenet_weights(cnn, options.imagenet)
    if record.has("cnn"):
        load_weights(cnn, folder / CNN)
        cnn.to(options.device)
    else:
        loss = train_cnn(
            cnn, training, validation, recipe, folder / CNN, options.device, options.seed, options.workers
        )
        record.add("cnn", loss)
    sequence = _sequence(cnn, training, validation, recipe, folder, options, record)
    rows = said_of(cnn, sequence, validation, recipe, options.device)
    write_predictions(folder / PREDICTIONS, rows)
    record.finish(len(training), len(validation), _temperature(rows))
    return FoldResult(fold, record.losses)


def said_of(
    cnn: nn.Module, sequence: SliceSequence, scans: Sequence[SliceScan], recipe: DetectorRecipe, device: str
) -> list[SlicePrediction]:
    """What both networks say of scans, beside what readers saw."""
    sequence.eval()
    rows = []
    for scan in scans:
        features, logits = (part.to(device) for part in judged_slices(cnn, scan, recipe.cnn.batch, device))
        with torch.no_grad():
            final = sequence(features[None], logits[None])[0].cpu().numpy()
        rows += predictions_of(scan.case.name, scan.case.patient, scan.flags, scan.case.scan_labels, final)
    return rows


def _sequence(
    cnn: nn.Module,
    training: Sequence[SliceScan],
    validation: Sequence[SliceScan],
    recipe: DetectorRecipe,
    folder: Path,
    options: Options,
    record: "_Record",
) -> SliceSequence:
    """The second step, and both together; what was done is loaded."""
    if record.has("sequence"):
        sequence = SliceSequence(int(cnn.feature_count), recipe.components, recipe.hidden)  # type: ignore[arg-type]
        load_weights(sequence, folder / SEQUENCE)
        sequence.to(options.device)
    else:
        sequence, loss = train_sequence(
            cnn, training, validation, recipe, folder / SEQUENCE, options.device, options.seed
        )
        record.add("sequence", loss)
    if recipe.end_to_end is not None and not record.has("end_to_end"):
        files = (folder / f"together_{CNN}", folder / f"together_{SEQUENCE}")
        loss = train_end_to_end(
            cnn, sequence, training, validation, recipe, files, options.device, options.seed
        )
        for file, name in zip(files, (CNN, SEQUENCE), strict=True):
            file.replace(folder / name)
        record.add("end_to_end", loss)
    return sequence


def _temperature(rows: Sequence[SlicePrediction]) -> float:
    """Of any hemorrhage on the validation slices."""
    known = [(row.flags[0], row.logits[0]) for row in rows if row.flags[0] is not None]
    return fit_temperature(*zip(*known, strict=True)) if known else 1.0


class _Record:
    """``fold.json``: what is trained, and how far."""

    def __init__(self, path: Path, content: dict) -> None:  # type: ignore[type-arg]
        self._path, self._content = path, content

    @classmethod
    def open(
        cls, path: Path, recipe: DetectorRecipe, fold: int, seed: int, training: str, validation: str
    ) -> "_Record":
        told = {
            "recipe": asdict(recipe),
            "fold": fold,
            "seed": seed,
            "data": {"training": training, "validation": validation},
        }
        fresh = json.loads(json.dumps(told))
        if not path.exists():
            return cls(path, {**fresh, "losses": {}})
        content = json.loads(path.read_text("utf-8"))
        if {key: content.get(key) for key in fresh} != fresh:
            raise InputError(
                f"Expected the training of {recipe.name} in {path.parent}, found another one.",
                "Choose another folder, or give the recipe, seed and data that it was started with.",
            )
        return cls(path, content)

    @property
    def losses(self) -> dict[str, float]:
        return dict(self._content["losses"])

    def has(self, step: str) -> bool:
        return step in self._content["losses"]

    def add(self, step: str, loss: float) -> None:
        self._content["losses"][step] = loss
        write_json(self._path, self._content)

    def finish(self, training: int, validation: int, temperature: float) -> None:
        self._content |= {
            "cases": {"training": training, "validation": validation},
            "temperature": temperature,
        }
        write_json(self._path, self._content)
