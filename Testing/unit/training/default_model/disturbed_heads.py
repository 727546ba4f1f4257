"""A head with a ball of blood in it, for the tests of disturbances."""

import numpy as np

from ICHSegmentationLib.volume import Grid
from Training.default_model.disturbances import Scan

AFFINE = np.diag([-1.0, -1.0, 5.0, 1.0])


def a_scan():
    """A ball of blood (70 HU) in brain (35 HU) in bone, off the middle."""
    shape = (16, 100, 90)
    z, y, x = np.indices(shape)
    away = np.sqrt(((z - 8) * 5) ** 2 + (y - 40) ** 2 + (x - 55) ** 2)
    head = np.hypot(y - 50, x - 45)
    hu = np.where(away < 18, 70, np.where(head < 38, 35, np.where(head < 43, 1000, -1000))).astype(np.float32)
    return Scan(hu, (away < 18).astype(np.float32), Grid(shape, AFFINE))
