"""What the Slicer module may load and use, so that Slicer starts fast, stays alive and can grow to Qt 6."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest
from imports import imports_of
from loading import LIBRARY, MODULE, loaded_by, module_of, own_modules

DESKTOP = {"slicer", "qt", "ctk", "vtk", "vtkmodules", "SampleData"}
BUNDLED = {
    "numpy",
    "scipy",
    "SimpleITK",
    "pydicom",
}  # with Slicer 5.12; everything else comes with the set-up
DEEP_LEARNING = {"torch", "monai", "torchvision", "lightning"}

MRML = re.compile(r"\b(vtkMRML\w+|mrmlScene|AddNewNodeByClass|GetNodeByID)\b")

# Gone from Qt 6, or from PythonQt built on it.
QT5_ONLY = re.compile(
    r"\b(QTextCodec|QRegExp|QDesktopWidget|QStringRef|QLinkedList|QGLWidget|QSignalMapper|QStringListModel\.find"
    r"|MidButton|setTabStopWidth|toTime_t|fromTime_t|setMargin)\b|\.exec_\(|\bQApplication\.desktop\("
)


def slicer_files() -> dict[str, Path]:
    return {name: file for name, file in own_modules().items() if not name.startswith(LIBRARY)}


def outside(chains: dict[str, list[str]]) -> dict[str, list[str]]:
    """Packages that are neither ours nor Python's."""
    return {
        name: chain
        for name, chain in chains.items()
        if name not in own_modules() and name not in sys.stdlib_module_names and name != "__future__"
    }


def used_by(modules: dict[str, Path]) -> set[str]:
    """All that these modules import, be it at once or when a function runs."""
    return {module_of(name) for module, file in modules.items() for name in imports_of(module, file)}


def test_the_module_file_has_no_shebang(root: Path):
    # Slicer would take it for a command-line module, and not load it.
    assert not (root / MODULE / f"{MODULE}.py").read_text("utf-8").startswith("#!")


def test_the_module_file_loads_nothing_heavy_when_slicer_starts():
    loaded = outside(loaded_by([MODULE]))
    assert not {name: chain for name, chain in loaded.items() if name not in DESKTOP}


def test_the_module_file_does_nothing_but_import_and_define_at_file_scope(root: Path):
    body = ast.parse((root / MODULE / f"{MODULE}.py").read_text("utf-8")).body
    harmless = (ast.Import, ast.ImportFrom, ast.ClassDef, ast.FunctionDef, ast.Assign, ast.AnnAssign)
    acts = [
        ast.unparse(node)
        for node in body
        if not isinstance(node, harmless)
        and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        and not (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test))
    ]
    assert not acts


def test_the_panel_opens_with_what_slicer_brings():
    # Everything that the module's own functions import: the panel before any package was installed.
    loaded = outside(loaded_by(used_by({MODULE: own_modules()[MODULE]})))
    assert not {name: chain for name, chain in loaded.items() if name not in DESKTOP | BUNDLED}


def test_the_slicer_side_never_loads_deep_learning():
    chains = loaded_by(set(slicer_files()) | used_by(slicer_files()))
    assert not {name: chain for name, chain in chains.items() if name in DEEP_LEARNING}


def test_a_chain_of_imports_to_torch_would_be_seen():
    assert "torch" in loaded_by([f"{LIBRARY}.inference.engines.torch_network"])


def test_the_slicer_side_knows_nothing_of_the_training():
    assert "Training" not in used_by(slicer_files())


def test_files_that_work_on_the_scene_import_no_qt():
    with_qt = {
        name: file.read_text("utf-8")
        for name, file in slicer_files().items()
        if name != MODULE and {"qt", "ctk"} & {used.split(".")[0] for used in imports_of(name, file)}
    }
    assert with_qt
    assert not [name for name, text in with_qt.items() if MRML.search(text)]


@pytest.mark.parametrize("name", slicer_files())
def test_nothing_is_used_that_qt_6_has_not(name: str):
    assert not QT5_ONLY.findall(slicer_files()[name].read_text("utf-8"))


def test_a_use_of_qt_5_would_be_seen():
    assert QT5_ONLY.search("codec = qt.QTextCodec.codecForName('utf-8')")
    assert QT5_ONLY.search("dialog.exec_()")


def test_torch_is_installed_by_the_pytorch_extension_only(root: Path):
    family = re.compile(r"^(torch|torchvision|torchaudio)\b", re.MULTILINE)
    for requirements in (root / MODULE).rglob("requirements*.txt"):
        assert not family.findall(requirements.read_text("utf-8"))
    for file in slicer_files().values():
        for call in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(call, ast.Call) and "pip_" in ast.unparse(call.func):
                assert not re.search(r"['\"]torch", ast.unparse(call)), f"{file.name}: {ast.unparse(call)}"


def test_every_requirement_of_the_module_is_a_requirement_of_the_library(root: Path):
    tomllib = pytest.importorskip("tomllib", reason="pyproject.toml is read with Python 3.11 or newer")
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    named = {re.split(r"[<>=\[; ]", line)[0].lower() for line in project["dependencies"]}
    named |= {re.split(r"[<>=\[; ]", line)[0].lower() for line in project["optional-dependencies"]["dicom"]}
    wanted = (root / MODULE / "Resources" / "requirements.txt").read_text("utf-8").splitlines()
    wanted = [line.strip() for line in wanted if line.strip() and not line.startswith("#")]
    assert wanted
    assert not {re.split(r"[<>=\[; ]", line)[0].lower() for line in wanted} - named
    assert not [line for line in wanted if "==" in line], "pins break the packages that Slicer brings"
