"""What a run was asked to do; it stands in every result, so that the result can be made again."""

from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from .errors import InputError

DeviceName = Literal["auto", "cpu", "cuda", "mps"]
EngineName = Literal["auto", "torch", "amp", "jit", "openvino", "onnxruntime"]
MaskFormat = Literal["nii.gz", "nrrd", "seg.nrrd", "dcm"]

DEVICES: tuple[DeviceName, ...] = get_args(DeviceName)
ENGINES: tuple[EngineName, ...] = get_args(EngineName)
MASK_FORMATS: tuple[MaskFormat, ...] = get_args(MaskFormat)
MOST_THREADS = 1024


@dataclass(frozen=True)
class MeasurementSettings:
    """How lesions are measured.

    Attributes:
        smallest_lesion_ml: lesions below this volume (mL) are counted in the total but get no Tada estimate.
        connectivity: voxels that touch by face (6), edge (18) or corner (26) belong to one lesion.
    """

    smallest_lesion_ml: float = 0.1
    connectivity: Literal[6, 18, 26] = 26


@dataclass(frozen=True)
class SegmentationSettings:
    """How a scan is segmented.

    Attributes:
        model: id of an installed model, or a model folder.
        device: where the network runs; ``auto`` takes a GPU when there is one.
        engine: what runs the networks; ``auto`` takes the fastest that is installed. ``amp`` is PyTorch in
            half precision, which ``auto`` takes on a GPU that has units for it; ``torch`` is in full.
        threads: CPU threads; None takes all cores.
        format: file format of the mask; ``dcm`` is DICOM SEG, for scans read from DICOM.
        overwrite: replace an earlier result in the output folder.
        uncertainty: also write a map of where the model was unsure.
        subtypes: tell subtypes by shape and place where the model does not tell them apart.
        keep_identifiers: name the patient in what is written in DICOM, as the scan's series does.
        secondary_capture: with ``dcm``, also write pictures of the outlined key slices as a DICOM series.
        detect: also let a detector judge the scan, where there is one.
        detector: id of an installed detector, or its model folder.
    """

    model: str = "default"
    device: DeviceName = "auto"
    engine: EngineName = "auto"
    threads: int | None = None
    format: MaskFormat = "nii.gz"
    overwrite: bool = False
    uncertainty: bool = False
    subtypes: bool = True
    keep_identifiers: bool = False
    secondary_capture: bool = False
    detect: bool = True
    detector: str = "detector"
    measurement: MeasurementSettings = MeasurementSettings()

    def __post_init__(self) -> None:
        _check_where_it_runs(self.device, self.engine, self.threads)
        if self.format not in MASK_FORMATS:
            raise InputError(f"Expected a format out of {', '.join(MASK_FORMATS)}, found '{self.format}'.")

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class DetectionSettings:
    """How hemorrhage is detected on a scan; see :class:`SegmentationSettings` for what is not told here.

    Attributes:
        model: id of an installed detector, or its model folder; ``detector`` is the embedded one.
        heatmap: also write what the network looked at, a volume for each class.
    """

    model: str = "detector"
    device: DeviceName = "auto"
    engine: EngineName = "auto"
    threads: int | None = None
    overwrite: bool = False
    heatmap: bool = False

    def __post_init__(self) -> None:
        _check_where_it_runs(self.device, self.engine, self.threads)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def _check_where_it_runs(device: str, engine: str, threads: int | None) -> None:
    if device not in DEVICES:
        raise InputError(f"Expected a device out of {', '.join(DEVICES)}, found '{device}'.")
    if engine not in ENGINES:
        raise InputError(f"Expected an engine out of {', '.join(ENGINES)}, found '{engine}'.")
    if threads is not None and threads < 1:
        raise InputError(f"Expected at least one thread, found {threads}.")
    if threads is not None and threads > MOST_THREADS:
        raise InputError(f"Expected at most {MOST_THREADS} threads, found {threads}.")
