"""Detection on its own, from a scan's file to a result folder, and as a part of segmenting one."""

import json
import logging
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from .. import models
from ..detection import CLASSES, Detection, Detector
from ..detection.detector import SLICES
from ..detection.disagreement import axial_positions_mm, disagreements
from ..detection.pictures import Pictures, pictures_of
from ..doctor.memory import peak_memory_mb
from ..doctor.packages import require_pytorch, versions
from ..errors import DependencyError, DeviceError
from ..events import Finished, Listener, Started, ignore
from ..io import read_ct, write_uncertainty
from ..io.atomic import output_errors
from ..models import ModelFolder
from ..preparation.checks import check_ct, unusual_density
from ..preparation.even_slices import EvenSlices
from ..preparation.orientation import Reorientation
from ..report.numbers import RESEARCH_USE
from ..settings import DetectionSettings, DeviceName, EngineName, SegmentationSettings
from ..volume import CTVolume, Volume
from .background import in_background
from .cases import case_name
from .journal import Journal
from .provenance import describe_input, describe_model
from .result_folder import result_folder
from .trouble import own_words

SCHEMA_VERSION = 1
DEFAULT_SETTINGS = DetectionSettings()

_log = logging.getLogger(__name__)

_LOAD, _DETECT, _HEAT, _REPORT, _WRITE = 0.1, 0.3, 0.6, 0.85, 0.95


@dataclass(frozen=True)
class DetectedCase:
    """One finished case.

    Attributes:
        folder: the result folder.
        paths: the files in it: ``detection``, ``report`` and, where it was asked for, ``heatmap_<class>``.
        detection: what was found.
    """

    case: str
    folder: Path
    paths: dict[str, Path]
    detection: Detection


def detect_case(
    ct_path: Path | str,
    out_dir: Path | str,
    settings: DetectionSettings = DEFAULT_SETTINGS,
    listen: Listener = ignore,
    case: str | None = None,
    detector: Detector | None = None,
) -> DetectedCase:
    """Tell whether a scan shows hemorrhage, of which subtype and on which slices; nothing is outlined.

    The result folder ``out_dir / case`` appears when it is complete.

    Args:
        ct_path: an image file, or a folder with one DICOM series.
        listen: hears of the start, progress, warnings and the result.
        case: name of the result folder; None names it after the scan's file or folder.
        detector: None loads the one of ``settings``.

    Raises:
        ICHError: one of its kinds; no result folder is then left, and an earlier one is as it was.
    """
    ct_path = Path(ct_path)
    journal = Journal(case or case_name(ct_path), listen)
    listen(Started(journal.case, str(ct_path)))
    with own_words(), result_folder(out_dir, journal.case, [ct_path], settings.overwrite) as folder:
        with in_background(lambda: detector or load_detector(settings)) as loaded:
            with journal.stage("read", 0.0):
                ct = read_ct(ct_path)
                journal.warn([*ct.warnings, *check_ct(ct)])
                scan = describe_input(ct_path, ct)
            with journal.stage("load", _LOAD):
                detector = loaded()
        with journal.stage("detect", _DETECT):
            even = EvenSlices.of(ct)
            pictures = pictures_of(even.ct, detector.model.manifest.stages[SLICES])
            detection = on_own_slices(detector.judge(pictures), even)
            journal.warn(unusual_density(even.ct))
        with output_errors(folder):
            paths = _write_heat(folder, even, detector, pictures, journal) if settings.heatmap else {}
            content = {
                "schema_version": SCHEMA_VERSION,
                "research_use_only": RESEARCH_USE,
                "case": journal.case,
                "input": scan,
                **facts_of(detection, detector),
                "settings": {**settings.to_dict(), "model": detector.model.manifest.id},
                "versions": versions(),
                "warnings": journal.warnings,
                "timings_s": journal.timings_s,
            }
            paths |= _write_report(folder, ct, content, journal)
    final = {kind: (Path(out_dir) / journal.case).resolve() / path.name for kind, path in paths.items()}
    journal.progress("write", 1.0)
    listen(Finished(journal.case, {kind: str(path) for kind, path in final.items()}, content))
    return DetectedCase(journal.case, (Path(out_dir) / journal.case).resolve(), final, detection)


def load_detector(settings: DetectionSettings) -> Detector:
    """The detector of these settings, its model verified; the last one is kept, for several scans in a row.

    Raises:
        ModelError: or one of its kinds: the model is not there, damaged, altered, or no detector.
        DeviceError: the device is not there.
        DependencyError: PyTorch is not installed, or broken.
        ImportError: MONAI is not installed.
    """
    model = models.find(settings.model)
    return _loaded(
        model.path.resolve(), model.manifest.sha256, settings.device, settings.engine, settings.threads
    )


@lru_cache(maxsize=1)
def _loaded(
    folder: Path, sha256: str, device: DeviceName, engine: EngineName, threads: int | None
) -> Detector:
    """The detector in ``folder``; its hash is there to tell a changed model from the kept one."""
    try:
        return Detector.open(ModelFolder.open(folder), device, engine, threads)
    except (ImportError, OSError):
        require_pytorch()  # says better what is wrong, if it is PyTorch
        raise


def detector_for(settings: SegmentationSettings) -> Detector | None:
    """The detector that runs beside a segmentation; None where it is switched off, or where none was asked
    for and the embedded one is not there or lacks a package that the segmentation does without.

    Raises:
        ICHError: see :func:`load_detector`.
    """
    embedded = settings.detector == models.DETECTOR
    if not settings.detect or (embedded and not models.has_detector()):
        return None
    try:
        return load_detector(
            DetectionSettings(settings.detector, settings.device, settings.engine, settings.threads)
        )
    except (ImportError, DependencyError) as error:
        if not embedded or isinstance(error, DeviceError):
            raise
        _log.warning("The scan is outlined only: the detector cannot run here: %s", error)
        return None


def facts_of(detection: Detection, detector: Detector) -> dict[str, Any]:
    """What a result says of a detection, and where it comes from."""
    return {
        **detection.to_dict(),
        "model": describe_model(detector.model),
        "device": detector.device,
        "engine": detector.slices.engine,
    }


def on_own_slices(detection: Detection, even: EvenSlices) -> Detection:
    """What was found on a scan's even slices, by its own."""
    return replace(detection, slices=even.of_slices(detection.slices))


def disagreements_with(detection: Detection, ct: CTVolume, mask: Volume) -> tuple[str, ...]:
    """See :func:`ICHSegmentationLib.detection.disagreement.disagreements`."""
    order = Reorientation.of(ct.grid)
    others = tuple(n for n in range(3) if n != order.axes[0])
    outlined = np.asarray((mask.voxels > 0).any(axis=others))
    return disagreements(detection, outlined, axial_positions_mm(ct.grid, ct.slice_positions_mm))


def _write_heat(
    folder: Path, even: EvenSlices, detector: Detector, pictures: Pictures, journal: Journal
) -> dict[str, Path]:
    with journal.stage("heat maps", _HEAT):
        from ..detection.heat import HeatMaps

        heat, paths = HeatMaps(detector, pictures), {}
        for label in CLASSES:
            paths[f"heatmap_{label}"] = folder / f"heatmap_{label}.nii.gz"
            found = even.back(Volume(np.ascontiguousarray(heat.of(label)), even.ct.affine))
            write_uncertainty(found, paths[f"heatmap_{label}"], even.scan)
        return paths


def _write_report(folder: Path, ct: CTVolume, content: dict[str, Any], journal: Journal) -> dict[str, Path]:
    from ..report.detection_page import write_detection_page

    paths = {"detection": folder / "detection.json", "report": folder / "detection.html"}
    with journal.stage("report", _REPORT):
        write_detection_page(paths["report"], ct, content)
    journal.progress("write", _WRITE)
    content["peak_memory_mb"] = peak_memory_mb()
    text = json.dumps(content, indent=2, allow_nan=False) + "\n"
    paths["detection"].write_text(text, encoding="utf-8")
    return paths
