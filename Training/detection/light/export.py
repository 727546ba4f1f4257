"""From the light detector's weights to the embedded model folder."""

from pathlib import Path

from ICHSegmentationLib.io.atomic import atomic_path
from ICHSegmentationLib.models import DataSource, Manifest, Stage
from ICHSegmentationLib.models import Training as Origin
from ICHSegmentationLib.models.folder import MANIFEST_NAME, sha256_of
from ICHSegmentationLib.models.manifest import SCHEMA_VERSION
from ICHSegmentationLib.preparation.brain_slices import PIXEL_MM, SHAPE, SLAB_MM

from ..calibration import fit_temperature
from ..evaluation import evaluate
from ..export import LABELS, operating_point
from ..predictions import SlicePrediction, read_predictions
from .recipe import LightRecipe

_DATA = (
    DataSource("PhysioNet CT-ICH 1.0.0", "Hssayeni et al. 2020, Data 5(1):14", "CC BY 4.0"),
    DataSource(
        "PHE-SICH-CT-IDS", "Ma et al. 2023, arXiv:2308.10521 (figshare 23957937)", "non-commercial research"
    ),
)


def export(recipe: LightRecipe, out: Path, folder: Path) -> Manifest:
    """Write ``folder``: the weights of ``out``, temperature and thresholds from its cross-validation.

    Raises:
        InputError: the cross-validation is not complete.
    """
    rows = read_predictions([out / f"fold_{fold}.csv" for fold in range(recipe.folds)])
    temperature = temperature_of(rows)
    found = evaluate(rows, temperature, recipe.scan_slices)
    folder.mkdir(parents=True, exist_ok=True)
    weights = folder / "slices.safetensors"
    with atomic_path(weights) as temporary:
        temporary.write_bytes((out / "light.safetensors").read_bytes())
    point = operating_point(rows, temperature)
    point |= {"neighbour_share": recipe.neighbour_share, "scan_slices": recipe.scan_slices}
    manifest = Manifest(
        schema_version=SCHEMA_VERSION,
        id="ich-detector-light",
        version="1.0.0",
        name="ICH detector, light",
        description=(
            "A small network that marks hemorrhage on slices of the brain and tells its subtypes. "
            "Research use only; not a medical device."
        ),
        recipe="detector",
        stages={
            "slices": Stage(
                network=recipe.network,
                weights=weights.name,
                sha256=sha256_of(weights),
                spacing_mm=(SLAB_MM, PIXEL_MM, PIXEL_MM),
                patch=(1, *SHAPE),
                windows=((40.0, 120.0),),
            )
        },
        labels=LABELS,
        inference=point,
        training=Origin(
            _DATA,
            f"32 + {recipe.hematoma_scans} training scans; no scan of the validation split. Temperature and "
            "thresholds from a cross-validation over all 44 scans of PhysioNet CT-ICH",
            "python -m Training.detection.light train --data DATA --out runs/light",
        ),
        licence="Non-commercial research use only, as the terms of PHE-SICH-CT-IDS ask",
        citation="This project; loss and classes after Burduja et al., Sensors 20(19):5611, 2020",
        metrics={
            "cross_validated_auc": {
                unit: {result.name: result.auc and round(result.auc, 4) for result in results}
                for unit, results in (("scan", found.scans), ("slice", found.slices))
            }
        },
    )
    text = manifest.to_json()
    manifest = Manifest.parse(text)  # nothing is written that would not be read
    with atomic_path(folder / MANIFEST_NAME) as temporary:
        temporary.write_text(text, "utf-8")
    return manifest


def temperature_of(rows: list[SlicePrediction]) -> float:
    """Of any hemorrhage."""
    return round(fit_temperature([row.flags[0] for row in rows], [row.logits[0] for row in rows]), 4)
