"""Read, prepare, locate, refine, measure, report, write: one case from its file to its result folder."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..detection import Detection, Detector
from ..doctor.memory import peak_memory_mb
from ..doctor.packages import versions
from ..events import Finished, Listener, Started, ignore
from ..io import Origin, read_ct, read_mask, write_mask, write_uncertainty
from ..io.atomic import output_errors
from ..io.masks import require_writable
from ..preparation.checks import check_ct, limits_of_search, unusual_density
from ..preparation.even_slices import EvenSlices
from ..report.numbers import RESEARCH_USE
from ..settings import SegmentationSettings
from ..volume import CTVolume, Volume
from .background import in_background
from .cases import case_name
from .confirmed import with_confirmed
from .detection import detector_for, disagreements_with, facts_of, on_own_slices
from .dicom_results import write_dicom_results
from .fluid_levels import fluid_levels
from .journal import Journal
from .provenance import describe_input, describe_mask, describe_model
from .result_folder import result_folder
from .second_look import second_look
from .segmenter import Segmentation, Segmenter, Uncertainty, load_segmenter
from .subtypes import told_apart, told_by_anatomy
from .trouble import own_words

if TYPE_CHECKING:
    from ..measurement.measure import Told

SCHEMA_VERSION = 1
DEFAULT_SETTINGS = SegmentationSettings()

# Where stages begin, as fractions of a case's time on a CPU.
_LOAD, _DETECT, _SEGMENT, _SUBTYPES, _MEASURE, _REPORT, _WRITE = 0.05, 0.1, 0.15, 0.82, 0.85, 0.88, 0.97


@dataclass(frozen=True)
class CaseResult:
    """One finished case.

    Attributes:
        folder: the result folder.
        paths: the files in it: ``mask``, ``measurements``, ``report``, ``preview``; beside a DICOM SEG
            ``structured_report``; where they were asked for, ``uncertainty`` and ``pictures``, a folder.
        mask: label values ``[D, H, W]`` on the CT's grid.
        measurements: the content of ``measurements.json``.
    """

    case: str
    folder: Path
    paths: dict[str, Path]
    mask: Volume
    measurements: dict[str, Any]


def segment_case(
    ct_path: Path | str,
    out_dir: Path | str,
    settings: SegmentationSettings = DEFAULT_SETTINGS,
    listen: Listener = ignore,
    case: str | None = None,
    segmenter: Segmenter | None = None,
    detector: Detector | None = None,
) -> CaseResult:
    """Outline and measure the hemorrhage on one scan.

    The result folder ``out_dir / case`` appears when it is complete; whether it can be written is tried
    before the work starts.

    Args:
        ct_path: an image file, or a folder with one DICOM series.
        settings: the model, where it runs, and how to measure.
        listen: hears of the start, progress, warnings and the result.
        case: name of the result folder; None names it after the scan's file or folder.
        segmenter: None loads the one of ``settings``.
        detector: judges the scan too; None loads the one of ``settings``, if there is one.

    Raises:
        ICHError: one of its kinds; no result folder is then left, and an earlier one is as it was.
    """
    ct_path, journal = _start(ct_path, case, listen)
    with own_words(), result_folder(out_dir, journal.case, [ct_path], settings.overwrite) as folder:
        with in_background(
            lambda: (segmenter or load_segmenter(settings), detector or detector_for(settings))
        ) as loaded:
            ct, scan = _read_ct(ct_path, settings, journal)
            with journal.stage("load", _LOAD):
                segmenter, detector = loaded()
        even = EvenSlices.of(ct)
        with in_background(_load_the_rest):
            detection = _detect(even.ct, detector, journal)
            segmentation = _segment(even.ct, segmenter, journal)
        of_slices = on_own_slices(detection, even) if detection else None
        specks = even.back(segmentation.specks) if segmentation.specks else None
        mask, confirmed = with_confirmed(ct, even.back(segmentation.mask), specks, of_slices)
        told, uncertainty = None, _back(segmentation.uncertainty, even)
        if settings.subtypes:
            mask, told = told_apart(even, mask, segmenter.model.manifest, detection, journal, _SUBTYPES)
        detection = of_slices
        doubts = (
            *confirmed,
            *(disagreements_with(detection, ct, mask) if detection else ()),
            *fluid_levels(even.ct, even.laid(mask)),
            *unusual_density(even.ct),
        )
        journal.warn(doubts)
        facts = {
            "input": scan,
            "model": describe_model(segmenter.model),
            "settings": {**settings.to_dict(), "model": segmenter.model.manifest.id},
            "device": segmentation.device,
            "engine": segmentation.engine,
            "detection": facts_of(detection, detector) if detection and detector else None,
        }
        paths, measurements = _write(folder, ct, mask, settings, facts, journal, uncertainty, told, doubts)
    return _finish(Path(out_dir), mask, paths, measurements, journal)


def measure_case(
    ct_path: Path | str,
    mask_path: Path | str,
    out_dir: Path | str,
    settings: SegmentationSettings = DEFAULT_SETTINGS,
    listen: Listener = ignore,
    case: str | None = None,
    subtypes: bool = False,
) -> CaseResult:
    """Measure a mask that someone drew or corrected; no model runs, and torch is not loaded.

    Args:
        mask_path: label values on the CT's grid, see :func:`ICHSegmentationLib.io.read_mask`.
        settings: only what concerns measuring and writing counts.
        subtypes: also tell the subtype of what its author drew as hemorrhage of none; the written mask then
            holds it.

    The other arguments, the result and the errors are those of :func:`segment_case`.
    """
    ct_path, journal = _start(ct_path, case, listen)
    inputs = [ct_path, Path(mask_path)]
    with own_words(), result_folder(out_dir, journal.case, inputs, settings.overwrite) as folder:
        ct, scan = _read_ct(ct_path, settings, journal)
        with journal.stage("read mask", _SEGMENT):
            mask = read_mask(Path(mask_path), ct)
        journal.warn(mask.warnings)
        told = None
        if subtypes:
            mask, told = told_by_anatomy(EvenSlices.of(ct), mask, None, journal, _SUBTYPES)
        facts = {
            "input": scan,
            "mask": describe_mask(Path(mask_path)),
            "model": None,
            "settings": {"format": settings.format, "measurement": asdict(settings.measurement)},
            "device": None,
            "engine": None,
            "detection": None,
        }
        paths, measurements = _write(folder, ct, mask, settings, facts, journal, told=told)
    return _finish(Path(out_dir), mask, paths, measurements, journal)


def _start(ct_path: Path | str, case: str | None, listen: Listener) -> tuple[Path, Journal]:
    path = Path(ct_path)
    journal = Journal(case or case_name(path), listen)
    listen(Started(journal.case, str(path)))
    return path, journal


def _read_ct(path: Path, settings: SegmentationSettings, journal: Journal) -> tuple[CTVolume, dict[str, Any]]:
    """The scan, found to be a head CT whose mask can be written as asked, and what the result says of it."""
    with journal.stage("read", 0.0):
        ct = read_ct(path)
        if settings.format == "dcm" and not settings.keep_identifiers:
            ct = _without_identifiers(ct)
        require_writable(Path(_mask_name(settings)), ct)
        journal.warn(ct.warnings)
        journal.warn(check_ct(ct))
        return ct, describe_input(path, ct)


def _without_identifiers(ct: CTVolume) -> CTVolume:
    from ..io.dicom_seg_source import without_identifiers

    return without_identifiers(ct)


def _detect(ct: CTVolume, detector: Detector | None, journal: Journal) -> Detection | None:
    """What a detector says of the scan, before anything is outlined; None where there is none."""
    if detector is None:
        return None
    with journal.stage("detect", _DETECT):
        return detector.detect(ct)


def _segment(ct: CTVolume, segmenter: Segmenter, journal: Journal) -> Segmentation:
    def progress(stage: str, fraction: float) -> None:
        journal.progress(stage, _SEGMENT + fraction * (_SUBTYPES - _SEGMENT))

    segmentation = segmenter(ct, progress)
    journal.timings_s.update({stage: round(s, 4) for stage, s in segmentation.timings_s.items()})
    journal.warn(segmentation.warnings)
    return segmentation


def _write(
    folder: Path,
    ct: CTVolume,
    mask: Volume,
    settings: SegmentationSettings,
    facts: dict[str, Any],
    journal: Journal,
    uncertainty: Uncertainty | None = None,
    told: "Told | None" = None,
    doubts: tuple[str, ...] = (),
) -> tuple[dict[str, Path], dict[str, Any]]:
    """Measure ``mask`` and write all files of the result; nobody asks how sure a person was of theirs.

    ``told`` is who told the subtypes in it, where no person did; ``doubts`` is where a detector
    disagrees, blood has settled, or the brain's density is unusual.
    """
    from ..measurement import measure
    from ..report.write import write_report

    with journal.stage("measure", _MEASURE):
        measured = measure(mask, settings.measurement, ct.slice_positions_mm, told).to_dict()
        journal.warn(measured["warnings"])
        look = _second_look(ct, mask, uncertainty, doubts) if uncertainty else None
    measurements = {
        "schema_version": SCHEMA_VERSION,
        "research_use_only": RESEARCH_USE,
        "case": journal.case,
        **facts,
        "versions": versions(),
        **measured,
        "uncertainty": look,
        "warnings": journal.warnings,
        "timings_s": journal.timings_s,
        "peak_memory_mb": peak_memory_mb(),
    }
    with output_errors(folder):
        with journal.stage("report", _REPORT):
            paths = write_report(folder, ct, mask, measurements)
        with journal.stage("write", _WRITE):
            paths["mask"] = folder / _mask_name(settings)
            write_mask(mask, paths["mask"], ct, _origin(facts["model"]))
            if settings.format == "dcm":
                paths |= write_dicom_results(
                    folder, ct, mask, measurements, _origin(facts["model"]), settings.secondary_capture
                )
            if uncertainty and settings.uncertainty:
                paths["uncertainty"] = folder / "uncertainty.nii.gz"
                write_uncertainty(uncertainty.map, paths["uncertainty"], ct)
        measurements["peak_memory_mb"] = peak_memory_mb()
        paths["measurements"] = folder / "measurements.json"
        text = json.dumps(measurements, indent=2, allow_nan=False) + "\n"
        paths["measurements"].write_text(text, encoding="utf-8")
    return paths, measurements


def _back(uncertainty: Uncertainty, even: EvenSlices) -> Uncertainty:
    """The uncertainty on a scan's even slices, on its own."""
    return replace(uncertainty, map=even.back(uncertainty.map))  # type: ignore[type-var]


def _mask_name(settings: SegmentationSettings) -> str:
    return f"segmentation.{settings.format}"


def _origin(model: dict[str, Any] | None) -> Origin:
    return Origin(model["id"], model["version"]) if model else Origin(by_person=True)


def _load_the_rest() -> None:
    """What measures and draws is slow to load, and the networks leave time for it."""
    from .. import measurement  # noqa: F401
    from ..report import write  # noqa: F401


def _second_look(
    ct: CTVolume, mask: Volume, uncertainty: Uncertainty, doubts: tuple[str, ...]
) -> dict[str, Any]:
    limits = dict.fromkeys([*doubts, *uncertainty.reasons, *limits_of_search(ct)])
    return second_look(mask, uncertainty, limits, ct.slice_positions_mm).to_dict()


def _finish(
    out_dir: Path, mask: Volume, paths: dict[str, Path], measurements: dict[str, Any], journal: Journal
) -> CaseResult:
    """Tell of the result, now that it stands under its final name."""
    folder = (out_dir / journal.case).resolve()
    final = {kind: folder / path.name for kind, path in sorted(paths.items())}
    journal.progress("write", 1.0)
    journal.listen(Finished(journal.case, {kind: str(path) for kind, path in final.items()}, measurements))
    return CaseResult(journal.case, folder, final, mask, measurements)
