"""Loads what a result will need while the user still looks at the panel, a module at a time.

Loaded all at once, with the first result, it takes the panel's thread half a second of processor time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module

MODULES = (
    "numpy.testing", "numpy.random", "scipy.special", "scipy.sparse", "scipy.linalg", "scipy.ndimage",
    "scipy.spatial", "urllib.request", "pydicom", "nibabel", "cc3d", "ICHSegmentationLib.measurement",
    "ICHSegmentationLib.correction", "ICHSegmentationLib.detection.disagreement",
    "ICHSegmentationSlicerLib.corrections",
    "ICHSegmentationSlicerLib.measurement_table", "ICHSegmentationSlicerLib.segment_surfaces",
)  # fmt: skip
"""The heavy ones first: those of this project then find them loaded."""


def preload() -> Iterator[None]:
    """Load one of them at each step; one that is not installed is passed over, and told when it is needed."""
    for name in MODULES:
        yield
        with suppress(ImportError):
            import_module(name)
