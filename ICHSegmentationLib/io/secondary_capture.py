"""Pictures as a DICOM series (PS3.3, A.8.1), for viewers that show neither SEG nor structured reports."""

import hashlib
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.uid import generate_uid

from .. import __version__
from ..volume import CTVolume
from .atomic import atomic_path
from .dicom_mending import names_of_one_part
from .dicom_seg_source import read_source, source_of

_NAME = "ICHSegmentation"
_SERIES_NUMBER = 9702  # beside those of the DICOM SEG and of the report


def write_pictures(pictures: Sequence[NDArray[np.uint8]], folder: Path, ct: CTVolume) -> list[Path]:
    """Write pictures as one series of secondary captures in the study of a scan, one file each.

    The same pictures of the same series get the same UIDs.

    Args:
        pictures: ``[H, W, 3]``, RGB; the patient's left at the viewer's right, posterior below.
        folder: is made where it is missing.
        ct: a scan read from DICOM; its files must still be there.

    Returns:
        The files, in the order of the pictures.

    Raises:
        InputError: the scan was not read from DICOM, or a slice's file has gone.
        NotWritableError, DiskFullError, OutputError: see :func:`.atomic.output_errors`.
        ImportError: highdicom is not installed.
    """
    import highdicom

    source = source_of(ct)
    header = read_source(source)[0][0]
    shown = hashlib.sha256(b"".join(np.ascontiguousarray(picture).tobytes() for picture in pictures))
    facts = [__version__, source.slices[0].series_uid, shown.hexdigest()]
    paths = []
    for number, picture in enumerate(pictures, 1):
        with names_of_one_part():
            capture = highdicom.sc.SCImage.from_ref_dataset(
                header,
                pixel_array=picture,
                photometric_interpretation="RGB",
                bits_allocated=8,
                coordinate_system="PATIENT",
                patient_orientation=("L", "P"),
                series_instance_uid=generate_uid(entropy_srcs=["picture series", *facts]),
                series_number=_SERIES_NUMBER,
                sop_instance_uid=generate_uid(entropy_srcs=["picture", str(number), *facts]),
                instance_number=number,
                manufacturer=_NAME,
                series_description="Outlined hemorrhage (research use only)",
                transfer_syntax_uid="1.2.840.10008.1.2.1",
            )
        capture.BodyPartExamined = "HEAD"
        stream = BytesIO()
        capture.save_as(stream)
        path = folder / f"{number:02d}.dcm"
        with atomic_path(path) as temporary:
            temporary.write_bytes(stream.getvalue())
        paths.append(path)
    return paths
