"""The detector on painted heads that nobody learned from: silent without hemorrhage, not with."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ICHSegmentationLib.detection import Detector
from ICHSegmentationLib.labels import label_named
from ICHSegmentationLib.phantom import make_phantom

from ...datasets.case import SUBTYPE_IDS

_FIRST_CLEAN, _FIRST_BLEEDING = 100, 200  # the training has seeds from 3000 on
_FIRST_CLEAN_OF_SMALL, _FIRST_SMALL = 1000, 1200
_SMALL_ML = 0.5, 8.0


@dataclass(frozen=True)
class Judged:
    """One painted head.

    Attributes:
        subtype: None without hemorrhage.
        volume_ml: of the painted hemorrhage.
        probability: of any hemorrhage, of the whole scan.
        likely: whether that is called likely.
        on_blood: whether the likeliest slice shows painted blood.
    """

    seed: int
    subtype: str | None
    volume_ml: float
    probability: float
    likely: bool
    on_blood: bool


def judge_phantoms(detector: Detector, clean: int, bleeding: int, small: bool = False) -> Iterator[Judged]:
    """So many heads without hemorrhage, and so many with one, of the five subtypes in turn and of volumes as
    patients have them, or of 0.5 to 8 mL (log-uniform), in other heads; pixels as of ``ichseg phantom``."""
    rng = np.random.default_rng(0)
    first_clean = _FIRST_CLEAN_OF_SMALL if small else _FIRST_CLEAN
    first_bleeding = _FIRST_SMALL if small else _FIRST_BLEEDING
    kinds: list[tuple[int, str | None, float | None]] = [
        (first_clean + number, None, None) for number in range(clean)
    ]
    for number in range(bleeding):
        volume_ml = float(np.exp(rng.uniform(*np.log(_SMALL_ML)))) if small else None
        kinds.append((first_bleeding + number, SUBTYPE_IDS[number % len(SUBTYPE_IDS)], volume_ml))
    for seed, subtype, volume_ml in kinds:
        phantom = make_phantom(seed, subtype, volume_ml)
        found = detector.detect(phantom.ct)
        on_blood = bool(phantom.mask.voxels[found.ranked(1)[0]].any())
        probability = found.probability("hemorrhage")
        yield Judged(seed, subtype, phantom.volume_ml, probability, found.is_likely(), on_blood)


def phantom_page(judged: Sequence[Judged]) -> str:
    """What was found, in words, and a table of the heads with hemorrhage by subtype."""
    clean = [head for head in judged if head.subtype is None]
    bleeding = [head for head in judged if head.subtype is not None]
    found = [head for head in bleeding if head.likely]
    highest = max((head.probability for head in clean), default=0.0)
    lines = [
        f"Without hemorrhage: {sum(not head.likely for head in clean)} of {len(clean)} left alone"
        f"{_listed([f'seed {head.seed} ({head.probability:.2f})' for head in clean if head.likely])} "
        f"(the highest probability is {highest:.2f}). "
        f"With hemorrhage: {len(found)} of {len(bleeding)} found, on "
        f"{sum(head.on_blood for head in found)} of these the likeliest slice shows it.",
        "",
        "| subtype | found / painted | mL | missed (mL, probability) |",
        "|---|---|---|---|",
    ]
    for subtype in SUBTYPE_IDS:
        heads = [head for head in bleeding if head.subtype == subtype]
        if heads:
            volumes = [head.volume_ml for head in heads]
            missed = [f"{head.volume_ml:.1f}, {head.probability:.2f}" for head in heads if not head.likely]
            lines.append(
                f"| {label_named(subtype).abbreviation} | {len(heads) - len(missed)} / {len(heads)} | "
                f"{min(volumes):.1f}–{max(volumes):.1f} | {'; '.join(missed) or '–'} |"
            )
    return "\n".join(lines) + "\n"


def _listed(texts: Sequence[str]) -> str:
    return f", not {', '.join(texts)}" if texts else ""
