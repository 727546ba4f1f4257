"""The module's own tests, for CTest; ``slicer.testing.runUnitTest`` finds them here by their class."""

from ICHSegmentation import ICHSegmentationTest  # noqa: F401
