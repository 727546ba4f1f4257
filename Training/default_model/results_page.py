"""``docs/results.md``: the tables of an evaluation, written by the evaluation."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ICHSegmentationLib.models.manifest import Manifest

from .metrics import NSD_TOLERANCE_MM

Row = dict[str, Any]


def results_page(rows: Sequence[Row], manifest: Manifest) -> str:
    """The page for these rows of :func:`Training.evaluate.evaluate`."""
    outlined = [row for row in rows if "dice" in row]
    traumatic = [row for row in rows if "dice" not in row and row["hemorrhage"]]
    clean = [row for row in rows if not row["hemorrhage"]]
    parts = [
        "# Results of the default model\n",
        f"Model `{manifest.id}` {manifest.version}. "
        "Written by `python -m Training.default_model evaluate --data DATA`.\n",
        "Research use only; not a medical device.\n",
        "These are the validation scans; the model was trained on other patients' scans of the same two "
        "collections, so scans from elsewhere will fare worse.\n",
        _outlined_section(outlined),
        _traumatic_section(traumatic),
        _clean_section(clean),
    ]
    return "\n".join(parts)


def _outlined_section(rows: Sequence[Row]) -> str:
    mean = {key: _mean(row[key] for row in rows) for key in ("dice", "hd95_mm", "nsd", "rvd")}
    mae = _mean(abs(row["volume_error_ml"]) for row in rows)
    errors = [(row["volume_error_ml"], _tada_error(row)) for row in rows]
    estimated = [(voxels, tada) for voxels, tada in errors if tada is not None]
    same_mae = _mean(abs(voxels) for voxels, _ in estimated)
    tada_mae = _mean(abs(tada) for _, tada in estimated)
    table = _table(
        [
            "case",
            "reference mL",
            "found mL",
            "error mL",
            "Dice",
            "HD95 mm",
            "NSD",
            "RVD",
            "Tada mL",
            "Tada error mL",
        ],
        [
            [
                row["case"],
                _number(row["reference_ml"]),
                _number(row["volume_ml"]),
                _number(row["volume_error_ml"], sign=True),
                _number(row["dice"], 3),
                _number(row["hd95_mm"]),
                _number(row["nsd"], 3),
                _number(row["rvd"], 3),
                _number(row["tada_of_reference_ml"]),
                _number(_tada_error(row), sign=True),
            ]
            for row in rows
        ],
    )
    return f"""## Deep intraparenchymal hematomas (PHE-SICH-CT-IDS, {len(rows)} scans)

The reference masks are **silver**: derived automatically as the bright region inside the perihematomal
edema that radiologists drew, then checked by eye; blood in the ventricles is often not in them. The pixel
spacing of this collection is nominal (0.45 x 0.45 x 5 mm), and so are the millilitres. NSD is at
{NSD_TOLERANCE_MM:g} mm. "Tada" is pi/6·A·B·C measured on the reference mask itself: its error is that of the
formula, not of anybody's outline.

Mean Dice **{mean["dice"]:.3f}** (lowest {min(row["dice"] for row in rows):.3f}),
HD95 {mean["hd95_mm"]:.2f} mm, NSD {mean["nsd"]:.3f}, RVD {mean["rvd"]:.3f}, volume MAE **{mae:.2f} mL**.
On the {len(estimated)} scans where the Tada formula applies: volume MAE {same_mae:.2f} mL by voxels,
{tada_mae:.2f} mL by the Tada formula.

{table}"""


def _traumatic_section(rows: Sequence[Row]) -> str:
    table = _table(
        ["case", "readers' subtypes", "found mL", "bleeding slices touched", "other slices touched"],
        [
            [
                row["case"],
                ", ".join(row["subtypes"]),
                _number(row["volume_ml"]),
                f"{row['bleeding_slices_touched']} of {row['bleeding_slices']}"
                f" ({_percent(row['bleeding_slices_touched'], row['bleeding_slices'])})",
                f"{row['other_slices_touched']} of {row['slices'] - row['bleeding_slices']}"
                f" ({_percent(row['other_slices_touched'], row['slices'] - row['bleeding_slices'])})",
            ]
            for row in rows
        ],
    )
    touched = sum(row["bleeding_slices_touched"] for row in rows)
    bleeding = sum(row["bleeding_slices"] for row in rows)
    return f"""## Traumatic hemorrhages (PhysioNet CT-ICH, {len(rows)} scans)

Two radiologists named the slices that bleed and drew no outlines, so this tells where the model finds blood,
not how well it outlines it. Over all scans {touched} of {bleeding} bleeding slices are touched
({_percent(touched, bleeding)}).

{table}"""


def _clean_section(rows: Sequence[Row]) -> str:
    table = _table(
        ["case", "found mL", "slices touched"],
        [
            [row["case"], _number(row["volume_ml"]), f"{row['other_slices_touched']} of {row['slices']}"]
            for row in rows
        ],
    )
    return f"""## Scans without hemorrhage (PhysioNet CT-ICH, {len(rows)} scans)

Nothing should be found. Largest false volume: {max(row["volume_ml"] for row in rows):.2f} mL.

{table}"""


def _tada_error(row: Row) -> float | None:
    estimate = row["tada_of_reference_ml"]
    return None if estimate is None else estimate - row["reference_ml"]


def _mean(values: Iterable[float | None]) -> float:
    return float(np.mean([value for value in values if value is not None]))


def _number(value: float | None, digits: int = 2, sign: bool = False) -> str:
    return "–" if value is None else f"{value:{'+' if sign else ''}.{digits}f}"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "–"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"
