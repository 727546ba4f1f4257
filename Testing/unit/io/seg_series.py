"""CT series that a DICOM SEG is put on, and masks for them."""

import numpy as np
from dicom_maker import head_series, write_series
from pydicom.uid import generate_uid
from test_dicom_series import CORONAL, OBLIQUE, TILTED

from ICHSegmentationLib.io import Origin, read_ct
from ICHSegmentationLib.volume import Volume

MODEL = Origin("default", "1.2.3")


def uneven(series):
    along = np.array([0, 2.5, 5, 7.5, 12, 16.5, 21, 25.5])
    series.positions = series.positions[0] + along[:, np.newaxis] * [0.0, -0.2, 1.0]
    return series


def downwards(series):
    series.positions = series.positions[::-1]
    return series


def tilted(series):
    series.orientation = TILTED
    return series


SERIES = {
    "axial": lambda: head_series(8),
    "downwards": lambda: downwards(head_series(8)),
    "coronal": lambda: head_series(8, orientation=CORONAL),
    "oblique": lambda: head_series(8, orientation=OBLIQUE),
    "tilted": lambda: tilted(head_series(8)),
    "uneven and tilted": lambda: uneven(head_series(8)),
    "off line": lambda: head_series(8, slant=(0.0, 0.06, 0.0)),
    "one slice": lambda: head_series(1),
}


def written(folder, name="axial", change=lambda dataset, index: None):
    """The series and its CT, read from the files in ``folder``."""
    series = SERIES[name]()
    frame = generate_uid()
    patient = {"PatientName": "Phantom^Head", "FrameOfReferenceUID": frame, "StudyID": "7"}
    series.extra = {**patient, "StudyDate": "20200102", "StudyTime": "030405", "AccessionNumber": "A1"}
    if name == "off line":  # within what rounding headers do, and more than half a column
        series.positions[3] += [0.3, 0.0, 0.0]
    write_series(series, folder, change=change)
    return series, read_ct(folder)


def a_mask(ct, values=(2, 5)):
    """Two labels that touch, on the first slices, and on none of the last."""
    voxels = np.zeros(ct.voxels.shape, np.uint8)
    voxels[: max(1, len(voxels) - 3), 1:4, 2:5] = values[0]
    voxels[: max(1, len(voxels) - 4), 2, 4:6] = values[-1]
    return Volume(voxels, ct.affine)
