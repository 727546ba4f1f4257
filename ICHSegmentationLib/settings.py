"""What a run was asked to do; it stands in every result, so that the result can be made again."""

from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from .errors import InputError

DeviceName = Literal["auto", "cpu", "cuda", "mps"]
EngineName = Literal["auto", "torch", "jit", "openvino", "onnxruntime"]
MaskFormat = Literal["nii.gz", "nrrd", "seg.nrrd", "dcm"]

DEVICES: tuple[DeviceName, ...] = get_args(DeviceName)
ENGINES: tuple[EngineName, ...] = get_args(EngineName)
MASK_FORMATS: tuple[MaskFormat, ...] = get_args(MaskFormat)


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
        engine: what runs the networks on the CPU; ``auto`` takes the fastest that is installed.
        threads: CPU threads; None takes all cores.
        format: file format of the mask; ``dcm`` is DICOM SEG, for scans read from DICOM.
        overwrite: replace an earlier result in the output folder.
        uncertainty: also write a map of where the model was unsure.
        secondary_capture: with ``dcm``, also write pictures of the outlined key slices as a DICOM series.
    """

    model: str = "default"
    device: DeviceName = "auto"
    engine: EngineName = "auto"
    threads: int | None = None
    format: MaskFormat = "nii.gz"
    overwrite: bool = False
    uncertainty: bool = False
    secondary_capture: bool = False
    measurement: MeasurementSettings = MeasurementSettings()

    def __post_init__(self) -> None:
        if self.device not in DEVICES:
            raise InputError(f"Expected a device out of {', '.join(DEVICES)}, found '{self.device}'.")
        if self.engine not in ENGINES:
            raise InputError(f"Expected an engine out of {', '.join(ENGINES)}, found '{self.engine}'.")
        if self.format not in MASK_FORMATS:
            raise InputError(f"Expected a format out of {', '.join(MASK_FORMATS)}, found '{self.format}'.")
        if self.threads is not None and self.threads < 1:
            raise InputError(f"Expected at least one thread, found {self.threads}.")

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)
