"""NRRD and MetaImage through SimpleITK, which keeps sheared directions exactly in both."""

from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from ..errors import NotAnImageError
from .stored_image import StoredImage, colours_error, require_believable_spacing, require_volume

LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
_KEYS = ("Segment", "NRRD_space")
IMAGE_IO = {".nrrd": "NrrdImageIO", ".nhdr": "NrrdImageIO", ".mha": "MetaImageIO", ".mhd": "MetaImageIO"}


def read_itk(path: Path) -> StoredImage:
    """Read a ``.nrrd``, ``.nhdr``, ``.mha`` or ``.mhd``.

    Raises:
        NotAnImageError: the content is damaged or something else.
        NotThreeDimensionalError, GeometryError, NotHounsfieldError: see :mod:`.stored_image`.
    """
    reader = sitk.ImageFileReader()
    reader.SetImageIO(IMAGE_IO[path.suffix.lower()])
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
        keys = [key for key in reader.GetMetaDataKeys() if key.startswith(_KEYS)]
        metadata = {key: reader.GetMetaData(key) for key in keys}
        layered = "Segment0_ID" in metadata
        if reader.GetNumberOfComponents() > 1 and not layered:
            raise colours_error(path)
        require_volume(path, reader.GetSize())
        affine = _affine(reader)
        require_believable_spacing(path, affine)
        values = sitk.GetArrayFromImage(reader.Execute())
    except (RuntimeError, TypeError) as error:  # TypeError: text that is not UTF-8
        reason = str(error).strip().splitlines()[-1]
        raise NotAnImageError(
            f"Expected an image in {path.name}, found something else or a damaged file ({reason}).",
            "Export the scan again.",
        ) from error
    return StoredImage(values, affine, metadata=metadata, warnings=_warnings(path, metadata))


def _affine(reader: sitk.ImageFileReader) -> NDArray[np.float64]:
    affine = np.eye(4)
    affine[:3, :3] = np.array(reader.GetDirection()).reshape(3, 3) * reader.GetSpacing()
    affine[:3, 3] = reader.GetOrigin()
    return LPS_TO_RAS @ affine


def _warnings(path: Path, metadata: dict[str, str]) -> tuple[str, ...]:
    if IMAGE_IO[path.suffix.lower()] == "NrrdImageIO" and "NRRD_space" not in metadata:
        return ("The NRRD header says nothing of the scan's orientation: left and right may be exchanged.",)
    return ()
