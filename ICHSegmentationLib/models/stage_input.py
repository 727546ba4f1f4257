"""What a network of a trained recipe is fed with, beyond what every stage of a manifest says.

The published methods differ in this: fixed shapes or spacings, how HU are scaled, how a later network uses
what an earlier one answered.
"""

from dataclasses import dataclass
from typing import Any, Literal, get_args

from . import checked

Normalisation = Literal["window", "zscore", "minmax", "mean_std"]
EarlierUse = Literal["channel", "replace", "region"]
Blend = Literal["constant", "gaussian"]
Activation = Literal["softmax", "sigmoid"]
Three = tuple[int, int, int]


@dataclass(frozen=True)
class Earlier:
    """How a network uses the answer of an earlier one.

    Attributes:
        stage: name of the earlier stage.
        use: its probability joins the image as one more ``channel``, stands in its place (``replace``), or
            tells which ``region`` of the scan is looked at.
        as_mask: it is handed on as a mask (probability at least 0.5) instead of as it is.
        enlarged: factor by which each side of the region's box is enlarged.
    """

    stage: str
    use: EarlierUse
    as_mask: bool = False
    enlarged: float = 1.0

    @classmethod
    def parse(cls, value: Any, where: str) -> "Earlier":
        fields = checked.fields(cls, value, where)
        use = checked.one_of(fields["use"], f"{where}.use", get_args(EarlierUse))
        enlarged = float(checked.number(fields.get("enlarged", 1.0), f"{where}.enlarged"))
        if enlarged < 1:
            raise checked.wrong(f"{where}.enlarged", "a factor of at least 1", enlarged)
        return cls(
            stage=checked.text(fields["stage"], f"{where}.stage"),
            use=use,  # type: ignore[arg-type]
            as_mask=checked.boolean(fields.get("as_mask", False), f"{where}.as_mask"),
            enlarged=enlarged,
        )


@dataclass(frozen=True)
class StageInput:
    """How a scan becomes the input of a network, and its answer a probability.

    Attributes:
        normalisation: see :func:`ICHSegmentationLib.preparation.channels.channels`.
        mean_std: mean and standard deviation (HU) of each channel, for the normalisation ``mean_std``.
        window_step: voxels ``(D, H, W)`` from one window to the next; windows are as large as the patch.
        window_blend: overlapping windows count alike (``constant``), or less towards their rim.
        activation: what turns the network's answer into probabilities.
        shape: every scan, or region, is resized to this ``(D, H, W)``; None leaves it to the spacing.
        own_spacing: the scan keeps its spacing; the stage's ``spacing_mm`` then only tells what the training
            scans had.
        earlier: the earlier stage whose answer this one needs.
    """

    normalisation: Normalisation
    window_step: Three
    window_blend: Blend
    activation: Activation
    mean_std: tuple[tuple[float, float], ...] = ()
    shape: Three | None = None
    own_spacing: bool = False
    earlier: Earlier | None = None

    @classmethod
    def parse(cls, value: Any, where: str) -> "StageInput":
        fields = checked.fields(cls, value, where)
        shape, earlier = fields.get("shape"), fields.get("earlier")
        ways, blends = get_args(Normalisation), get_args(Blend)
        return cls(
            normalisation=checked.one_of(fields["normalisation"], f"{where}.normalisation", ways),  # type: ignore[arg-type]
            window_step=checked.voxels(fields["window_step"], f"{where}.window_step"),
            window_blend=checked.one_of(fields["window_blend"], f"{where}.window_blend", blends),  # type: ignore[arg-type]
            activation=checked.one_of(  # type: ignore[arg-type]
                fields["activation"], f"{where}.activation", get_args(Activation)
            ),
            mean_std=tuple(
                _mean_std(pair, f"{where}.mean_std[{i}]")
                for i, pair in enumerate(
                    checked.sequence(fields.get("mean_std", []), f"{where}.mean_std", may_be_empty=True)
                )
            ),
            shape=None if shape is None else checked.voxels(shape, f"{where}.shape"),
            own_spacing=checked.boolean(fields.get("own_spacing", False), f"{where}.own_spacing"),
            earlier=None if earlier is None else Earlier.parse(earlier, f"{where}.earlier"),
        )


def _mean_std(value: Any, where: str) -> tuple[float, float]:
    pair = checked.sequence(value, where)
    if len(pair) != 2:
        raise checked.wrong(where, "a mean and a standard deviation in HU", value)
    mean, std = (float(checked.number(part, where)) for part in pair)
    if std <= 0:
        raise checked.wrong(where, "a standard deviation above 0", value)
    return mean, std
