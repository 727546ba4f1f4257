"""Read a head CT from whatever holds it."""

from pathlib import Path

from ..errors import InputError, NotAnImageError
from ..volume import CTVolume
from .claims import require_plain_file
from .dicom_bare import BEGINNING, has_preamble, is_bare
from .hounsfield import as_hounsfield
from .stored_image import StoredImage


def read_ct(path: Path) -> CTVolume:
    """Read a CT in the file's own array order, its voxels in HU.

    Args:
        path: NIfTI (``.nii``, ``.nii.gz``), NRRD (``.nrrd``, ``.nhdr``) or MetaImage (``.mha``, ``.mhd``); a
            folder that holds one DICOM series; or one DICOM file that is an enhanced multi-frame CT.

    Returns:
        Voxels ``[D, H, W]``, int16 when all HU are whole numbers in its range, else float32. ``header`` is
        the NIfTI header where there is one.

    Raises:
        InputError: or one of its kinds, naming what was expected, what was found and what to do.
        DependencyError: the DICOM files are compressed in a way that needs a package that is not installed.
    """
    path = Path(path)
    if not _exists(path):
        raise InputError(f"Expected a scan at {path}, found nothing there.", "Check the path.")
    if not path.is_dir():
        require_plain_file(path)
    if path.is_dir() or is_dicom(path):
        from .dicom_series import read_dicom

        return read_dicom(path)
    image = read_stored_image(path)
    if image.values.ndim != 3:
        raise NotAnImageError(
            f"Expected a CT in {path.name}, found a segmentation with several layers.", "Give the CT itself."
        )
    voxels = as_hounsfield(image.values, image.slope, image.intercept)
    return CTVolume(voxels, image.affine, image.header, image.slice_positions_mm, warnings=image.warnings)


def read_stored_image(path: Path) -> StoredImage:
    """Read a NIfTI, NRRD or MetaImage file as stored. The libraries are loaded only when needed."""
    require_plain_file(path)
    name = path.name.lower()
    if name.endswith((".nii", ".nii.gz")):
        from .nifti import read_nifti

        return read_nifti(path)
    if name.endswith((".nrrd", ".nhdr")):
        from .nrrd_reading import read_nrrd

        return read_nrrd(path)
    if name.endswith((".mha", ".mhd")):
        from .metaimage import read_metaimage

        return read_metaimage(path)
    raise NotAnImageError(
        f"Expected an image ending in .nii, .nii.gz, .nrrd, .nhdr, .mha or .mhd, or a DICOM folder, found "
        f"{path.name}.",
        "Export the scan in one of these formats.",
    )


def files_of(path: Path) -> list[Path]:
    """The files that hold an image: itself and, behind a detached header, the one with its voxels.

    Only itself where the header is damaged, or names what it must not.
    """
    name = path.name.lower()
    try:
        if name.endswith((".nrrd", ".nhdr")):
            from .nrrd_reading import voxel_files

            return voxel_files(path)
        if name.endswith((".mha", ".mhd")):
            from .metaimage import voxel_files

            return voxel_files(path)
    except InputError:
        pass
    return [path]


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name that no file system holds
        return False


def is_dicom(path: Path) -> bool:
    """Whether a file is DICOM, by its first bytes."""
    try:
        with path.open("rb") as file:
            beginning = file.read(BEGINNING)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.", "Allow reading it.") from error
    return has_preamble(beginning) or is_bare(beginning)
