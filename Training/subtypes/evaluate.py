"""What the fitted classifiers tell of lesions that they were not fitted on, as the tables of
``docs/subtypes.md``."""

from collections.abc import Iterator
from pathlib import Path

from ICHSegmentationLib.io.atomic import atomic_path
from ICHSegmentationLib.subtypes.classifier import Parameters

from .fit import Fitted, held_out
from .prepare import read_split
from .real import outlined_parts, silver_parts, traced_parts
from .tables import against_readers, agreement, by_volume, confusion, shares

BEGIN, END = "<!-- tables: python -m Training.subtypes evaluate -->", "<!-- end of tables -->"


def evaluate(data: Path, folder: Path, masks: Path | None, page: Path) -> None:
    """Write the tables between the two marks of ``page``.

    Args:
        folder: what :func:`.prepare.prepare` wrote.
        masks: results of ``ichseg segment``, one folder a scan, named like the scan's file; None leaves out
            what a model outlined.
    """
    parameters = Parameters.read()
    text = "\n\n".join(part.rstrip() for part in _sections(data, folder, masks, parameters))
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    with atomic_path(page) as temporary:
        temporary.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


def _sections(data: Path, folder: Path, masks: Path | None, parameters: Parameters) -> Iterator[str]:
    least = parameters.least_confidence
    train, new = read_split(folder, "train"), read_split(folder, "validation")
    for title, samples, chances in (
        ("Training heads, each told by classifiers that never saw it", train, held_out(train)),
        ("Heads held out, painted hemorrhages", new, Fitted.of(parameters).chances(new)),
    ):
        told, right = shares(samples, chances, least)
        yield f"### {title}"
        yield confusion(samples, chances, least)
        yield f"Told: {told:.0%} of {len(samples)}; right: {right:.1%} of the told."
    for split in ("train", "validation"):
        silver = list(silver_parts(data, split, parameters))
        yield f"### Deep hematomas (IPH), silver masks, {split}"
        yield by_volume(silver, least)
    traced = list(traced_parts(data, "train", parameters))
    yield "### Traumatic hemorrhages, traced parts, train"
    yield against_readers(traced, least)
    yield agreement(traced, least)
    if masks is None:
        return
    for split in ("train", "validation"):
        found = list(outlined_parts(data, split, masks, parameters))
        yield f"### Traumatic hemorrhages as the default model outlines them, {split}"
        yield against_readers(found, least)
        yield agreement(found, least)
