"""``model.json``: everything that is known of a model, parsed and checked before anything else is read."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ..errors import ModelError, UnknownLabelError
from ..labels import label_named
from . import checked
from .graph import Graph
from .stage_input import StageInput

SCHEMA_VERSION = 1

_ID = re.compile(r"[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?")
_WEIGHTS_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}\.safetensors")


@dataclass(frozen=True)
class Stage:
    """One network of a model and what it is fed with.

    Attributes:
        network: ``kind`` and the arguments of the network's builder.
        weights: name of the safetensors file in the model's folder.
        sha256: hash of that file.
        spacing_mm: voxel spacing that the network sees, in order slice, row, column.
        patch: voxels ``(D, H, W)`` of one pass.
        windows: ``(level, width)`` in HU of each input channel; may be empty where ``input`` tells how HU are
            scaled without one.
        input: for the networks of trained recipes; None for the recipe ``cascade``, which has its own way.
        graph: the network for engines that need no PyTorch; None where they convert it first.
    """

    network: Mapping[str, Any]
    weights: str
    sha256: str
    spacing_mm: tuple[float, float, float]
    patch: tuple[int, int, int]
    windows: tuple[tuple[float, float], ...]
    input: StageInput | None = None
    graph: Graph | None = None

    @classmethod
    def parse(cls, value: Any, where: str) -> "Stage":
        fields = checked.fields(cls, value, where)
        network = checked.arguments(fields["network"], f"{where}.network")
        fed = StageInput.parse(fields["input"], f"{where}.input") if "input" in fields else None
        windows = checked.sequence(fields["windows"], f"{where}.windows", may_be_empty=fed is not None)
        return cls(
            network=network,
            weights=checked.text(
                fields["weights"],
                f"{where}.weights",
                _WEIGHTS_NAME,
                "a plain file name ending in .safetensors",
            ),
            sha256=checked.sha256(fields["sha256"], f"{where}.sha256"),
            spacing_mm=checked.positive(fields["spacing_mm"], f"{where}.spacing_mm", float),
            patch=checked.voxels(fields["patch"], f"{where}.patch"),
            windows=tuple(_window(window, f"{where}.windows[{i}]") for i, window in enumerate(windows)),
            input=fed,
            graph=Graph.parse(fields["graph"], f"{where}.graph") if "graph" in fields else None,
        )


@dataclass(frozen=True)
class DataSource:
    """A data set that a model was trained on."""

    name: str
    citation: str
    licence: str

    @classmethod
    def parse(cls, value: Any, where: str) -> "DataSource":
        fields = checked.fields(cls, value, where)
        return cls(**{key: checked.text(text, f"{where}.{key}") for key, text in fields.items()})


@dataclass(frozen=True)
class Training:
    """Where the weights come from: data, how it was split, and the command that makes them again."""

    data: tuple[DataSource, ...]
    split: str
    command: str

    @classmethod
    def parse(cls, value: Any, where: str) -> "Training":
        fields = checked.fields(cls, value, where)
        data = checked.sequence(fields["data"], f"{where}.data")
        return cls(
            data=tuple(DataSource.parse(source, f"{where}.data[{i}]") for i, source in enumerate(data)),
            split=checked.text(fields["split"], f"{where}.split"),
            command=checked.text(fields["command"], f"{where}.command"),
        )


@dataclass(frozen=True)
class Manifest:
    """The content of ``model.json``.

    Attributes:
        id: name of the model's folder in the store.
        recipe: which inference runs it: ``cascade``, the coarse and fine stage of the embedded model;
            ``stages``, one trained recipe; ``mean`` or ``half_ratio``, an ensemble of several.
        stages: the networks by name.
        labels: label id of each output channel, after background.
        inference: thresholds and other numbers of the recipe.
        training: where the weights come from.
        metrics: what the model reached, in any shape.
        members: of an ensemble, the names of each member's stages in the order in which they run; empty where
            all stages make one model.
    """

    schema_version: int
    id: str
    version: str
    name: str
    description: str
    recipe: str
    stages: Mapping[str, Stage]
    labels: tuple[str, ...]
    inference: Mapping[str, float]
    training: Training
    licence: str
    citation: str
    metrics: Mapping[str, Any]
    members: tuple[tuple[str, ...], ...] = ()

    @classmethod
    def parse(cls, content: bytes | str) -> "Manifest":
        """The manifest in the text of a ``model.json``.

        Raises:
            ModelError: the text is not JSON, or a key is missing, unknown, or not what it should be.
        """
        document = _json(content)
        schema_version = checked.mapping(document, "model.json").get("schema_version")
        if schema_version != SCHEMA_VERSION:
            raise ModelError(
                f"Expected a model.json with schema_version {SCHEMA_VERSION}, found {schema_version!r}.",
                "Update ICHSegmentation, or take a model made for this version.",
            )
        fields = checked.fields(cls, document, "model.json")
        stages = checked.mapping(fields["stages"], "stages")
        inference = checked.mapping(fields["inference"], "inference")
        texts = ("version", "name", "description", "recipe", "licence", "citation")
        return cls(
            schema_version=SCHEMA_VERSION,
            id=checked.text(fields["id"], "id", _ID, "lower-case letters, digits, '.', '_' and '-'"),
            **{key: checked.text(fields[key], key) for key in texts},
            stages={name: Stage.parse(stage, f"stages.{name}") for name, stage in stages.items()},
            labels=tuple(_label(label) for label in checked.sequence(fields["labels"], "labels")),
            inference={key: checked.number(value, f"inference.{key}") for key, value in inference.items()},
            training=Training.parse(fields["training"], "training"),
            metrics=checked.mapping(fields["metrics"], "metrics", may_be_empty=True),
            members=_members(fields.get("members", []), stages),
        )

    @property
    def files(self) -> dict[str, str]:
        """The files of the model's folder beside ``model.json``: name and SHA-256."""
        stages = self.stages.values()
        weights = {stage.weights: stage.sha256 for stage in stages}
        return weights | {stage.graph.file: stage.graph.sha256 for stage in stages if stage.graph}

    def to_json(self) -> str:
        """The text of a ``model.json`` that :meth:`parse` reads back as this manifest."""
        return json.dumps(self._document(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    @property
    def sha256(self) -> str:
        """One hash for the whole model: of the manifest's content, which holds the hashes of the weights.

        The layout of ``model.json`` (spaces, order of keys) does not change it.
        """
        canonical = json.dumps(self._document(), sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(canonical.encode()).hexdigest()

    def _document(self) -> dict[str, Any]:
        """Plain data, without the keys that this model does not need."""
        document = asdict(self)
        if not self.members:
            del document["members"]
        for stage in document["stages"].values():
            for key in ("input", "graph"):
                if stage[key] is None:
                    del stage[key]
        return document


def _json(content: bytes | str) -> Any:
    try:
        return checked.bounded(json.loads(content, parse_constant=_refuse_constant))
    except (ValueError, RecursionError) as error:
        raise ModelError(
            f"Expected a model.json with JSON text, found something else: {error}.",
            "The model folder is damaged: import or download the model again.",
        ) from error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _members(value: Any, stages: Mapping[str, Any]) -> tuple[tuple[str, ...], ...]:
    """The names of each member's stages, all of which the model has."""
    members = []
    for number, names in enumerate(checked.sequence(value, "members", may_be_empty=True)):
        where = f"members[{number}]"
        members.append(
            tuple(checked.one_of(name, where, tuple(stages)) for name in checked.sequence(names, where))
        )
    return tuple(members)


def _label(value: Any) -> str:
    try:
        return label_named(checked.text(value, "labels")).id
    except UnknownLabelError as error:
        raise ModelError(
            f"model.json: labels names '{value}', which is no label.", "Update ICHSegmentation."
        ) from error


def _window(value: Any, where: str) -> tuple[float, float]:
    window = checked.sequence(value, where)
    if len(window) != 2:
        raise checked.wrong(where, "a level and a width in HU", value)
    level, width = (float(checked.number(part, where)) for part in window)
    if width <= 0:
        raise checked.wrong(where, "a width above 0", value)
    return level, width
