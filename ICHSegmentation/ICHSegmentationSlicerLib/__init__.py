"""What the Slicer module is made of: the only place besides the module that knows slicer, qt, ctk and vtk.

Nothing here imports torch. Files about scene nodes import no qt, so they run wherever Slicer's classes do.
"""

import importlib.util
import sys
from pathlib import Path

if sys.version_info < (3, 10):  # noqa: UP036  # a clone may be added to any Slicer
    raise ImportError(
        f"ICHSegmentation: expected Slicer 5.12 or newer, found one with Python {sys.version.split()[0]}."
    )

MODULE_FOLDER = Path(__file__).resolve().parents[1]

# Installed, the library lies beside the module, where Slicer finds it; in a clone, one folder above.
if importlib.util.find_spec("ICHSegmentationLib") is None:
    sys.path.append(str(MODULE_FOLDER.parent))
