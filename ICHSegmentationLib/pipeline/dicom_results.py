"""What a result in DICOM holds beside its SEG: a structured report and, when asked for, pictures."""

from pathlib import Path
from typing import Any

from ..io import Origin
from ..volume import CTVolume, Volume


def write_dicom_results(
    folder: Path, ct: CTVolume, mask: Volume, measurements: dict[str, Any], origin: Origin, pictures: bool
) -> dict[str, Path]:
    """Write ``report.dcm`` on the SEG ``segmentation.dcm``, and ``pictures/*.dcm`` of the outlined slices.

    Returns:
        The paths, under ``structured_report`` and ``pictures`` (the folder).

    Raises:
        InputError: a slice's file has gone.
        OutputError: or one of its kinds: the folder cannot be written to.
        ImportError: highdicom is not installed.
    """
    from ..io.dicom_sr import write_sr

    seg, paths = folder / "segmentation.dcm", {"structured_report": folder / "report.dcm"}
    write_sr(measurements, seg, ct, paths["structured_report"], origin)
    if pictures:
        from ..io.secondary_capture import write_pictures
        from ..report.key_pictures import key_pictures

        paths["pictures"] = folder / "pictures"
        write_pictures(key_pictures(ct, mask, measurements), paths["pictures"], ct)
    return paths
