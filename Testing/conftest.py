"""What tests of every folder may ask for."""

import os
import plistlib
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]

# pytest has put this folder on the path, where Slicer's own package would take our folder slicer for a part
# of itself and load the tests in it that run in the desktop.
sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != Path(__file__).resolve().parent]


def pytest_configure(config: pytest.Config) -> None:
    """Keep converted networks with pytest's own cache, not in the user's."""
    os.environ.setdefault("ICHSEG_CACHE", str(config.cache.mkdir("networks")))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder with the real head CTs; they are not part of the repository."""
    folder = Path(os.environ.get("ICHSEG_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "cases.csv").is_file():
        pytest.skip(f"no real scans at {folder}; set ICHSEG_SHARED_DATA to the folder that holds cases.csv")
    return folder


@pytest.fixture(scope="session")
def whole_head() -> Any:
    """A real CT of another scanner, from the vertex to the teeth: full-range HU, 108 slices of 1.5 mm.

    The example of InVesalius, as Debian packs it: an old defect of the frontal bone, no acute blood.
    """
    import numpy as np

    from ICHSegmentationLib.volume import CTVolume

    path = Path("/usr/share/doc/invesalius-examples/examples/Cranium.inv3")
    if not path.is_file():
        pytest.skip("Debian's package invesalius-examples is not installed")
    with tarfile.open(path) as project:
        files = {Path(member.name).name: project.extractfile(member) for member in project if member.isfile()}
        told, voxels = plistlib.load(files["main.plist"]), files["matrix.dat"].read()
    x, y, z = told["spacing"]
    hu = np.frombuffer(voxels, told["matrix"]["dtype"]).reshape(told["matrix"]["shape"])
    return CTVolume(hu, np.diag([-x, y, z, 1.0]))
