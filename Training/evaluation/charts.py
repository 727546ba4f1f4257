"""Scatter and Bland-Altman plots as numbers that the page draws as SVG."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from .case import CaseMetrics
from .intervals import Estimate, LimitsOfAgreement

WIDTH, HEIGHT = 360, 320
LEFT, RIGHT, TOP, BOTTOM = 50, 12, 12, 44
TEXT_HEIGHT = 14.0
Kind = Literal["mask", "tada"]


@dataclass(frozen=True)
class Scale:
    """From numbers to pixels along one axis, with ticks at round numbers."""

    low: float
    high: float
    start: float
    end: float

    @classmethod
    def over(cls, values: Sequence[float], start: float, end: float) -> "Scale":
        """The scale that holds these values and 0, from tick to tick."""
        low, high = min(0.0, *values), max(0.0, *values)
        step = _step(max(high - low, 1e-6))
        return cls(
            math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step or step, start, end
        )

    def __call__(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    @property
    def ticks(self) -> list[float]:
        step = _step(self.high - self.low)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [count * step for count in range(first, last + 1)]


@dataclass(frozen=True)
class Point:
    x: float
    y: float
    kind: Kind
    title: str


@dataclass(frozen=True)
class Level:
    """A line across a Bland-Altman plot; ``band`` is its confidence interval, upper edge first."""

    y: float
    band: tuple[float, float] | None
    text: str
    text_y: float
    kind: Literal["bias", "limit"]


@dataclass(frozen=True)
class Chart:
    """A plot, in pixels but for the ticks' texts; ``identity`` is the line of equal volumes."""

    title: str
    x_name: str
    y_name: str
    x_ticks: list[tuple[float, str]]
    y_ticks: list[tuple[float, str]]
    points: list[Point]
    levels: list[Level] = field(default_factory=list)
    identity: tuple[float, float, float, float] | None = None
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM


@dataclass(frozen=True)
class _Named:
    """A volume beside its reference, both mL."""

    name: str
    reference: float
    volume: float
    kind: Kind


def scatter(cases: Sequence[CaseMetrics]) -> Chart:
    """Predicted volume over reference volume; the Tada estimates of the reference masks as hollow marks."""
    marks = [*_tada(cases), *_masks(cases)]
    values = [value for mark in marks for value in (mark.reference, mark.volume)]
    across = Scale.over(values, LEFT, WIDTH - RIGHT)
    up = Scale.over(values, HEIGHT - BOTTOM, TOP)
    return Chart(
        "Volume against reference",
        "Reference, mL",
        "Prediction, mL",
        _ticks(across),
        _ticks(up),
        [_point(mark, across(mark.reference), up(mark.volume)) for mark in marks],
        identity=(across(across.low), up(up.low), across(across.high), up(up.high)),
    )


def bland_altman(
    cases: Sequence[CaseMetrics], mask: LimitsOfAgreement, tada: LimitsOfAgreement | None
) -> list[Chart]:
    """Difference over mean of both volumes: of the masks, and of the Tada estimates, on the same scales."""
    series = [("Bland-Altman: prediction", _masks(cases), mask)]
    if tada is not None:
        series.append(("Bland-Altman: Tada formula", _tada(cases), tada))
    everything = [mark for _, marks, _ in series for mark in marks]
    limits = [estimate.value for _, _, found in series for estimate in (found.lower, found.upper)]
    across = Scale.over([_mean(mark) for mark in everything], LEFT, WIDTH - RIGHT)
    up = Scale.over([*(mark.volume - mark.reference for mark in everything), *limits], HEIGHT - BOTTOM, TOP)
    return [
        Chart(
            title,
            "Mean of both, mL",
            "Difference, mL",
            _ticks(across),
            _ticks(up),
            [_point(mark, across(_mean(mark)), up(mark.volume - mark.reference)) for mark in marks],
            _levels(found, up),
        )
        for title, marks, found in series
    ]


def _masks(cases: Sequence[CaseMetrics]) -> list[_Named]:
    return [_Named(case.name, case.pooled.reference_ml, case.pooled.volume_ml, "mask") for case in cases]


def _tada(cases: Sequence[CaseMetrics]) -> list[_Named]:
    return [
        _Named(case.name, case.formula.of_ml, case.formula.tada_ml, "tada")
        for case in cases
        if case.formula.tada_ml is not None
    ]


def _point(mark: _Named, x: float, y: float) -> Point:
    what = "Tada" if mark.kind == "tada" else "prediction"
    return Point(
        x, y, mark.kind, f"{mark.name}: reference {mark.reference:.2f} mL, {what} {mark.volume:.2f} mL"
    )


def _mean(mark: _Named) -> float:
    return (mark.reference + mark.volume) / 2


def _levels(limits: LimitsOfAgreement, up: Scale) -> list[Level]:
    """Upper limit, bias, lower limit; their texts keep clear of each other."""
    upper, bias, lower = (up(limit.value) for limit in (limits.upper, limits.bias, limits.lower))
    return [
        _level("+1.96 SD", limits.upper, up, min(upper, bias - TEXT_HEIGHT), "limit"),
        _level("bias", limits.bias, up, bias, "bias"),
        _level("−1.96 SD", limits.lower, up, max(lower, bias + TEXT_HEIGHT), "limit"),
    ]


def _level(name: str, limit: Estimate, up: Scale, text_y: float, kind: Literal["bias", "limit"]) -> Level:
    band = None
    if limit.interval is not None:
        low, high = (min(max(up(end), TOP), HEIGHT - BOTTOM) for end in limit.interval)
        band = (high, low)
    return Level(up(limit.value), band, f"{name} {limit.value:+.2f} mL".replace("-", "−"), text_y, kind)


def _ticks(scale: Scale) -> list[tuple[float, str]]:
    return [(scale(tick), f"{tick:g}".replace("-", "−")) for tick in scale.ticks]


def _step(span: float) -> float:
    """1, 2 or 5 times a power of ten, so that four to nine steps make the span."""
    rough = span / 6
    power = 10.0 ** math.floor(math.log10(rough))
    return min((factor * power for factor in (1, 2, 5, 10)), key=lambda step: abs(math.log(step / rough)))
