"""From the light detector's weights to the embedded model folder."""

from pathlib import Path

from ICHSegmentationLib.detection.operating_point import numbers_of
from ICHSegmentationLib.io.atomic import atomic_path
from ICHSegmentationLib.models import DataSource, Manifest, Stage
from ICHSegmentationLib.models import Training as Origin
from ICHSegmentationLib.models.folder import MANIFEST_NAME, sha256_of
from ICHSegmentationLib.models.manifest import SCHEMA_VERSION
from ICHSegmentationLib.preparation.brain_slices import PIXEL_MM, SHAPE, SLAB_MM

from ...default_model.cases import read_cases
from ..evaluation import SPECIFIC, VERY_SPECIFIC, ClassResult, evaluate
from ..export import LABELS
from ..fitting import fit_calibration
from ..predictions import read_predictions
from .recipe import LightRecipe

_DATA = (
    DataSource("PhysioNet CT-ICH 1.0.0", "Hssayeni et al. 2020, Data 5(1):14", "CC BY 4.0"),
    DataSource(
        "PHE-SICH-CT-IDS", "Ma et al. 2023, arXiv:2308.10521 (figshare 23957937)", "non-commercial research"
    ),
)


def export(recipe: LightRecipe, out: Path, data: Path, folder: Path) -> Manifest:
    """Write ``folder``: the weights of ``out``, calibration and thresholds from its cross-validation.

    Painted copies and hematomas help to tell subtypes. The scans of the validation split, on which the model
    is judged, choose none of these.

    Raises:
        InputError: the cross-validation is not complete.
    """
    rows = read_predictions([out / f"fold_{fold}.csv" for fold in range(recipe.folds)])
    training = {case.name for case in read_cases(data) if case.split == "train"}
    choosing = [row for row in rows if row.case in training]
    subtypes = read_predictions([out / f"fold_{fold}_subtypes.csv" for fold in range(recipe.folds)])
    calibration = fit_calibration(choosing, [row for row in subtypes if row.patient in training])
    chosen = evaluate(choosing, calibration)
    found = evaluate(rows, calibration)
    folder.mkdir(parents=True, exist_ok=True)
    weights = folder / "slices.safetensors"
    with atomic_path(weights) as temporary:
        temporary.write_bytes((out / "light.safetensors").read_bytes())
    thresholds = [_slice_threshold(result) for result in chosen.slices]
    scan_thresholds = [_scan_threshold(result) for result in chosen.scans]
    manifest = Manifest(
        schema_version=SCHEMA_VERSION,
        id="ich-detector-light",
        version="1.4.0",
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
        inference=numbers_of(calibration, thresholds, scan_thresholds, recipe.neighbour_share),
        training=Origin(
            _DATA,
            f"32 + {recipe.hematoma_scans} training scans; no scan of the validation split. Calibration and "
            "thresholds from the 32 scans of PhysioNet CT-ICH, judged by folds that had not seen them; "
            "for the subtypes also from painted copies of these and from hematomas not trained on",
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


def _scan_threshold(scans: ClassResult) -> float:
    """Of the cross-validated scans: the best Youden index for any hemorrhage; for a subtype, whose scans are
    few, a specificity of at least 0.9. At least 0.5: what is called likely is likelier than not."""
    choice = "best Youden index" if scans.name == "any" else SPECIFIC
    threshold = scans.points[choice].threshold if scans.points else 0.5
    return round(min(max(threshold, 0.5), 0.99), 4)


def _slice_threshold(slices: ClassResult) -> float:
    """Of the cross-validated slices: a specificity of at least 0.97, about one slice of a scan without
    hemorrhage. From 0.1 to 0.5: a slice that is likelier than not to bleed is marked."""
    threshold = slices.points[VERY_SPECIFIC].threshold if slices.points else 0.5
    return round(min(max(threshold, 0.1), 0.5), 4)
