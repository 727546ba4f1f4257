"""The tables of ``recipe_results.py``: what was measured beside what the papers print."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from processes import table
from stored import Measured, Stored

from ICHSegmentationLib.networks import build
from Training.recipes import StageRecipe, recipe

NOT_YET = "not measured"


@dataclass(frozen=True)
class Published:
    """What a paper says of its method: numbers as printed, and on what."""

    dice: str
    hd_mm: str
    rvd: str
    scans: str


PUBLISHED = {
    "qayyum_coarse_fine": Published("not told", "not told", "not told", "INSTANCE 2022, not scored"),
    "zhao_cascade": Published("0.734", "27.0", "0.212", "30 of INSTANCE 2022"),
    "li_chen_nnunet": Published("0.739", "31.8", "0.250", "30 of INSTANCE 2022"),
    "al_fahim_unetpp": Published("0.433", "not told", "not told", "CT-ICH, 82 scans"),
    "xu_cascade": Published("0.857", "not told", "not told", "103 of their own"),
}
"""Table 1 of 001, 002 and 004, Table II of 003."""


def results(stored: Mapping[str, Stored]) -> str:
    """The numbers on the held-out scans, beside those that the papers print."""
    headings = [
        "recipe", "Dice", "Dice in the paper", "HD mm (paper)", "RVD (paper)", "HD95 mm", "NSD",
        "volume MAE mL", "lesions found", "clean scans marked",
    ]  # fmt: skip
    return table(
        headings, [[f"`{name}`", *numbers(stored[name]["used"], PUBLISHED[name])] for name in PUBLISHED]
    )


def numbers(used: Measured | None, paper: Published) -> list[str]:
    told = f"{paper.dice} ({paper.scans})"
    if used is None:
        return [NOT_YET, told, *[NOT_YET] * 7]
    of_all, clean = used["all"], used["clean"]
    metrics, lesions = of_all["metrics"], of_all["lesions"]
    return [
        with_interval(metrics["dice"]["mean"]), told,
        f"{mean(metrics['hd_mm'], 1)} ({paper.hd_mm})", f"{mean(metrics['rvd'], 3)} ({paper.rvd})",
        mean(metrics["hd95_mm"], 1), mean(metrics["nsd"], 3), f"{of_all['volume_mae_ml']['value']:.2f}",
        f"{lesions['found']} of {lesions['reference']}",
        false_marks(clean) if clean else "none there",
    ]  # fmt: skip


def false_marks(clean: Measured) -> str:
    return f"{clean['marked']} of {clean['cases']}, {clean['mean_false_ml']:.2f} mL each"


def lengths(stored: Mapping[str, Stored], size: str) -> str:
    """How far each was trained, of what the paper (or what stands in for it) asks."""
    headings = [
        "stage", "parameters", "HU", "pixel mm", "patch", "learning rate", "batch", "on a lesion",
        "patches seen", "CPU minutes", "Dice in validation",
    ]  # fmt: skip
    rows = []
    for name in PUBLISHED:
        trained = stored[name]["trained"]
        whole, less = recipe(name), recipe(f"{name}_{size}")
        for place, (published, here) in enumerate(zip(whole.stages, less.stages, strict=True)):
            last = place == len(whole.stages) - 1
            rows.append(
                [f"`{name}` {here.name}", *beside(here, published), seen(here, published, trained, place),
                 minutes(trained) if last else "", validated(trained) if last else ""]
            )  # fmt: skip
    return table(headings, rows)


def beside(here: StageRecipe, published: StageRecipe) -> list[str]:
    """What the small size changes, each beside what the paper has."""
    shown: list[Callable[[StageRecipe], str]] = [
        millions, hu, pixel, voxels, rate,
        lambda stage: f"{stage.batch}", lambda stage: f"{stage.lesion_share:.0%}",
    ]  # fmt: skip
    pairs = ((show(here), show(published)) for show in shown)
    return [less if less == whole else f"{less} for {whole}" for less, whole in pairs]


def seen(here: StageRecipe, published: StageRecipe, trained: Measured | None, place: int) -> str:
    if trained is None:
        return NOT_YET
    return f"{patches(here, trained['epochs'][place])} of {patches(published, published.epochs)}"


def patches(stage: StageRecipe, epochs: int) -> int:
    return epochs * stage.iterations_per_epoch * stage.batch


def millions(stage: StageRecipe) -> str:
    with torch.device("meta"):
        return f"{sum(each.numel() for each in build(stage.network).parameters()) / 1e6:.1f} M"


def hu(stage: StageRecipe) -> str:
    if stage.normalisation == "mean_std":
        return "the lesions'"
    windows = (f"{level - width / 2:g} to {level + width / 2:g}" for level, width in stage.windows)
    return ", ".join(dict.fromkeys(windows)) or "all"


def rate(stage: StageRecipe) -> str:
    return f"{stage.optimizer.learning_rate:g}{'' if stage.scheduler.name == 'constant' else ' falling'}"


def pixel(stage: StageRecipe) -> str:
    if stage.spacing_mm:
        return f"{stage.spacing_mm[2]:.2f}"
    return "resized" if stage.shape else "the scan's"


def voxels(stage: StageRecipe) -> str:
    return "x".join(map(str, stage.patch))


def minutes(trained: Measured | None) -> str:
    if trained is None or trained["cpu_s"] is None:
        return NOT_YET if trained is None else "ended and gone on with"
    return f"{trained['cpu_s'] / 60:.1f}"


def validated(trained: Measured | None) -> str:
    return f"{trained['validation_dice']:.3f}" if trained else NOT_YET


def mean(metric: Measured | None, digits: int) -> str:
    return "—" if metric is None else f"{metric['mean']['value']:.{digits}f}"


def with_interval(estimate: Measured) -> str:
    low, high = estimate["interval"] or (None, None)
    return f"**{estimate['value']:.3f}**" + (f" ({low:.3f} to {high:.3f})" if low is not None else "")
