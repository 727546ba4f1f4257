"""Installing what is missing, with Slicer's and the PyTorch extension's installers replaced."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from ICHSegmentationSlicerLib.dependencies import Dependencies
from ICHSegmentationSlicerLib.pending_setup import PendingSetup
from ICHSegmentationSlicerLib.torch_install import TorchInstall, torch_install
from packaging.markers import default_environment
from packaging.requirements import Requirement

from ICHSegmentationLib.errors import CancelledError, DependencyError

ROOT = Path(__file__).resolve().parents[3]
REQUIREMENTS = ROOT / "ICHSegmentation" / "Resources" / "requirements.txt"

ABSENT, USABLE = TorchInstall("absent"), TorchInstall("usable", "2.8.0")


class Store(dict):
    """As ``QSettings``, and as lasting: it outlives a restart."""

    def value(self, key: str) -> Any:
        return self.get(key)

    def setValue(self, key: str, value: Any) -> None:
        self[key] = value

    def remove(self, key: str) -> None:
        self.pop(key, None)


class Computer:
    """Slicer's packages, its packaging helper, and perhaps its PyTorch extension."""

    def __init__(self, torch: TorchInstall = ABSENT, extension: bool = True) -> None:
        self.torch, self.extension = torch, extension
        self.installed: set[str] = set()
        self.failure: Exception | None = None
        self.asked: list[str] = []

    def load_requirements(self, path: str) -> list[Requirement]:
        lines = Path(path).read_text("utf-8").splitlines()
        return [Requirement(line) for line in lines if line and not line.startswith("#")]

    def pip_check(self, requirement: Requirement) -> bool:
        return requirement.name in self.installed

    def pip_ensure(self, requirements: list[Requirement], *, requester: str) -> None:
        self.asked.append("packages")
        if self.failure:
            raise self.failure
        assert self.torch.state == "usable" or "monai" not in [one.name for one in requirements]
        self.installed |= {requirement.name for requirement in requirements}

    def installTorch(self, askConfirmation: bool, torchVersionRequirement: str) -> object | None:
        assert askConfirmation
        self.asked.append(f"torch{torchVersionRequirement}")
        if isinstance(self.failure, CancelledError):
            return None
        if self.failure:
            raise self.failure
        self.torch = USABLE
        return object()

    def dependencies(self, store: Store) -> Dependencies:
        return Dependencies(
            lambda: self,
            lambda: self if self.extension else None,
            REQUIREMENTS,
            PendingSetup(store),
            lambda: self.torch,
        )


def test_pytorch_comes_from_its_extension_and_first_then_the_rest() -> None:
    computer = Computer()
    dependencies = computer.dependencies(Store())
    with pytest.raises(DependencyError, match=r"torch.*monai"):
        dependencies.require()
    dependencies.install()
    assert computer.asked == ["torch>=2.3", "packages"]
    dependencies.require()
    assert dependencies.missing() == []


def test_what_is_there_is_not_installed_again() -> None:
    computer = Computer(USABLE)
    computer.dependencies(Store()).install()
    computer.asked.clear()
    computer.dependencies(Store()).install()
    assert computer.asked == []


def test_a_missing_pytorch_extension_is_explained_and_the_set_up_goes_on_after_the_restart() -> None:
    store = Store()
    computer = Computer(extension=False)
    with pytest.raises(DependencyError, match=r"Extensions Manager.*PyTorch.*restart"):
        computer.dependencies(store).install()
    assert computer.asked == []
    restarted = Computer()
    dependencies = restarted.dependencies(store)
    assert "PyTorch extension" in dependencies.waits_for_restart
    dependencies.install()
    assert dependencies.waits_for_restart == ""
    assert restarted.dependencies(store).waits_for_restart == ""


def test_nothing_waits_when_somebody_else_installed_everything_meanwhile() -> None:
    store = Store()
    with pytest.raises(DependencyError):
        Computer(extension=False).dependencies(store).install()
    complete = Computer(USABLE)
    complete.installed = {one.name for one in complete.load_requirements(str(REQUIREMENTS))}
    assert complete.dependencies(store).waits_for_restart == ""


@pytest.mark.parametrize(
    ("torch", "said"),
    [
        (
            TorchInstall("broken", "", "/site-packages/torch"),
            "broken PyTorch.*/site-packages/torch.*Uninstall",
        ),
        (TorchInstall("old", "1.13.1"), "2.3 or newer, found 1.13.1.*Uninstall"),
    ],
)
def test_a_pytorch_of_no_use_is_explained_and_not_installed_over(torch: TorchInstall, said: str) -> None:
    computer = Computer(torch)
    dependencies = computer.dependencies(Store())
    for work in (dependencies.require, dependencies.install):
        with pytest.raises(DependencyError, match=said):
            work()
    assert computer.asked == []


def test_a_user_who_declines_is_not_told_of_an_error() -> None:
    computer = Computer()
    computer.failure = CancelledError("declined")
    with pytest.raises(CancelledError, match="PyTorch was not installed"):
        computer.dependencies(Store()).install()
    computer.torch, computer.failure = USABLE, RuntimeError("User declined package installation")
    with pytest.raises(CancelledError, match="declined"):
        computer.dependencies(Store()).install()


@pytest.mark.parametrize("torch", [ABSENT, USABLE], ids=["PyTorch fails", "the rest fails"])
def test_a_failed_installation_tells_how_to_do_it_without_a_network(torch: TorchInstall) -> None:
    computer = Computer(torch)
    computer.failure = subprocess.CalledProcessError(1, ["pip", "install"])
    with pytest.raises(DependencyError) as raised:
        computer.dependencies(Store()).install()
    for words in ("pip download", "torch>=2.3", "requirements.txt", "--no-index", "PythonSlicer"):
        assert words in raised.value.hint


def test_an_external_python_spares_slicer_the_network() -> None:
    computer = Computer()
    dependencies = computer.dependencies(Store())
    dependencies.install(network=False)
    assert computer.asked == ["packages"]
    assert not {"torch", "monai"} & computer.installed
    dependencies.require(network=False)


def write_torch(folder: Path, version: str = "2.8.0+cpu", module: bool = True, metadata: bool = True) -> None:
    (folder / "torch" / "lib").mkdir(parents=True)
    if module:
        (folder / "torch" / "__init__.py").write_text(f"raise SystemExit('{version} was loaded')")
    if metadata:
        info = folder / f"torch-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: torch\nVersion: {version}\n")


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        ({}, "usable"),
        ({"version": "1.13.1"}, "old"),
        ({"module": False}, "broken"),
        ({"module": False, "metadata": False}, "broken"),
        ({"metadata": False}, "broken"),
    ],
    ids=["whole", "old", "without its package", "an empty folder", "without metadata"],
)
def test_pytorch_is_recognised_without_loading_it(tmp_path: Path, kind: dict[str, Any], state: str) -> None:
    write_torch(tmp_path, **kind)
    found = torch_install([str(tmp_path)])
    assert found.state == state
    assert str(tmp_path) in found.place


def test_no_pytorch_is_absent(tmp_path: Path) -> None:
    assert torch_install([str(tmp_path)]).state == "absent"


def test_the_requirements_are_lower_bounds_that_the_library_has_too() -> None:
    tomllib = pytest.importorskip("tomllib", reason="pyproject.toml is read with Python 3.11 or newer")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    librarys = map(Requirement, [*project["dependencies"], *project["optional-dependencies"]["dicom"]])
    library = {one.name: str(one.specifier) for one in librarys}
    wanted = {one.name: str(one.specifier) for one in Computer().load_requirements(str(REQUIREMENTS))}
    bundled = {"numpy", "scipy", "SimpleITK", "pydicom"}
    assert wanted == {name: bound for name, bound in library.items() if name not in {*bundled, "torch"}}
    assert all(bound.startswith(">=") for bound in wanted.values())
    assert library["torch"] == ">=2.3"  # as OLDEST in torch_install.py


def test_what_makes_runs_faster_is_installed_only_when_asked_for() -> None:
    computer = Computer(USABLE)
    dependencies = computer.dependencies(Store())
    dependencies.install()
    assert "openvino" not in computer.installed
    dependencies.require()
    dependencies.install_faster()
    assert "openvino" in computer.installed
    computer.asked.clear()
    dependencies.install_faster()
    assert computer.asked == []


def test_a_system_for_which_nothing_faster_is_made_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    mac = {**default_environment(), "sys_platform": "darwin", "platform_machine": "x86_64"}
    monkeypatch.setattr("packaging.markers.default_environment", lambda: mac)
    computer = Computer(USABLE)
    with pytest.raises(DependencyError, match="not made for this system"):
        computer.dependencies(Store()).install_faster()
    assert computer.asked == []


def test_declining_what_is_faster_is_no_fault() -> None:
    computer = Computer(USABLE)
    computer.failure = RuntimeError("User declined.")
    with pytest.raises(CancelledError):
        computer.dependencies(Store()).install_faster()
    assert computer.dependencies(Store()).waits_for_restart == ""


def test_what_is_faster_is_what_the_library_offers_for_it() -> None:
    tomllib = pytest.importorskip("tomllib", reason="pyproject.toml is read with Python 3.11 or newer")
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    listed = Computer().load_requirements(str(REQUIREMENTS.with_name("requirements-faster.txt")))
    offered = [Requirement(one) for one in extras["openvino"]]
    assert [(one.name, one.specifier) for one in listed] == [(one.name, one.specifier) for one in offered]
    systems = {"linux": ["x86_64"], "win32": ["AMD64", "ARM64"], "darwin": ["arm64", "x86_64"]}
    for system, machine in [(system, machine) for system, kinds in systems.items() for machine in kinds]:
        here = {"python_version": "3.12", "sys_platform": system, "platform_machine": machine}
        ours, librarys = ([one.marker.evaluate(here) for one in some] for some in (listed, offered))
        assert ours == librarys
