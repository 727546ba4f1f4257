"""What tests of every folder may ask for."""

import os
import sys
from pathlib import Path

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
