"""The layers that docs/architecture.md draws: every import points down."""

import subprocess
import sys
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from imports import imports_of, modules_of

LIBRARY = "ICHSegmentationLib"
LAYERS = [
    {"errors", "events", "labels", "settings", "cancellation", "wording", "printable"},
    {"volume"},
    {"io", "preparation", "networks", "models", "phantom"},
    {"inference", "detection", "measurement", "subtypes", "correction", "comparison"},
    {"report"},
    {"pipeline", "doctor"},
    {"batch", "service", "node"},
    {"cli", "__main__"},
]
HEIGHT = {part: height for height, layer in enumerate(LAYERS) for part in layer}

DEEP_LEARNING = {"torch", "monai", "lightning", "torchvision"}
MAY_LOAD_DEEP_LEARNING = {"networks", "inference", "detection"}
DESKTOP = {"slicer", "qt", "ctk", "vtk", "PythonQt"}


def part_of(module: str) -> str:
    """``io`` of ``ICHSegmentationLib.io.nifti``; empty for the library itself."""
    return module.partition(".")[2].partition(".")[0]


@cache
def library_imports(root: Path) -> list[tuple[str, str]]:
    """(importing module, imported name) for every import inside the library."""
    modules = modules_of(root / LIBRARY)
    return [(name, used) for name, file in modules.items() for used in imports_of(name, file)]


def test_every_part_of_the_library_has_its_layer(root: Path):
    parts = {part_of(name) for name in modules_of(root / LIBRARY)} - {""}
    assert parts <= set(HEIGHT), f"give {parts - set(HEIGHT)} a layer here and in docs/architecture.md"


def test_no_import_points_up(root: Path):
    inside = [(name, used) for name, used in library_imports(root) if used.startswith(f"{LIBRARY}.")]
    upward = [
        f"{name} imports {used}"
        for name, used in inside
        if part_of(name) and HEIGHT.get(part_of(used), -1) > HEIGHT[part_of(name)]
    ]
    assert inside
    assert not upward


def test_the_package_itself_loads_none_of_its_parts(root: Path):
    package = modules_of(root / LIBRARY)[LIBRARY]
    early = imports_of(LIBRARY, package, only_when_loaded=True)
    assert not [used for used in early if used.startswith(LIBRARY)]


def test_neighbours_in_a_layer_do_not_import_each_other_in_a_circle(root: Path):
    needs: dict[str, set[str]] = {part: set() for part in HEIGHT}
    for name, used in library_imports(root):
        part, other = part_of(name), part_of(used)
        if used.startswith(f"{LIBRARY}.") and part and other in HEIGHT and other != part:
            needs[part].add(other)
    TopologicalSorter(needs).prepare()  # raises CycleError


def test_the_library_never_imports_the_training(root: Path):
    assert not [pair for pair in library_imports(root) if pair[1].split(".")[0] == "Training"]


def test_the_library_knows_nothing_of_the_desktop(root: Path):
    assert not [pair for pair in library_imports(root) if pair[1].split(".")[0] in DESKTOP]


def test_only_networks_and_inference_load_deep_learning_when_imported(root: Path):
    early = [
        f"{name} imports {used}"
        for name, file in modules_of(root / LIBRARY).items()
        for used in imports_of(name, file, only_when_loaded=True)
        if used.split(".")[0] in DEEP_LEARNING and part_of(name) not in MAY_LOAD_DEEP_LEARNING
    ]
    assert not early


HELP = "import runpy, sys; sys.argv = ['ichseg', '--help']; runpy.run_module('{}', run_name='__main__')"


@pytest.mark.parametrize("code", [f"import {LIBRARY}", HELP.format(LIBRARY)], ids=["import", "help"])
def test_importing_the_library_or_asking_for_help_loads_neither_torch_nor_monai(root: Path, code: str):
    loaded = modules_after(code, root)
    assert LIBRARY in loaded
    assert not loaded & DEEP_LEARNING


def test_scans_are_prepared_for_training_by_processes_that_do_not_load_deep_learning(root: Path):
    loaded = modules_after("import Training.default_model.prepare", root)
    assert "Training.default_model.prepare" in loaded
    assert not loaded & DEEP_LEARNING


def modules_after(code: str, root: Path) -> set[str]:
    watched = f"import atexit, sys; atexit.register(lambda: print('LOADED', *sys.modules)); {code}"
    done = subprocess.run([sys.executable, "-c", watched], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.rpartition("LOADED")[2].split())
