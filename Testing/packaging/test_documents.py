"""The documents name only commands, options, files and functions that exist."""

import ast
import importlib
import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def shell_commands(program: str) -> list[tuple[str, ...]]:
    """The arguments of every call of ``program`` in the documents' shell blocks."""
    found = set()
    for document in DOCUMENTS:
        for block in blocks(document.read_text("utf-8"), "sh"):
            for line in block.replace("\\\n", " ").splitlines():
                words = shlex.split(line, comments=True)
                for place, word in enumerate(words):
                    if word == program:
                        found.add(tuple(words[place + 1 :]))
    return sorted(found)


@cache
def help_of(*command: str) -> str:
    done = subprocess.run([sys.executable, *command, "--help"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)} --help: {done.stderr}"
    return done.stdout


def options(arguments: tuple[str, ...]) -> list[str]:
    return [word for word in arguments if re.fullmatch(r"--?[a-z][a-z0-9-]*", word)]


@pytest.mark.parametrize("arguments", shell_commands("ichseg"), ids=" ".join)
def test_every_ichseg_command_of_the_documents_exists(arguments: tuple[str, ...]):
    command = arguments[:2] if arguments[0] == "models" else arguments[:1]
    text = help_of("-m", "ICHSegmentationLib", *command)
    assert not [option for option in options(arguments) if not re.search(rf"{option}\b", text)]


@pytest.mark.parametrize("arguments", shell_commands("run.py"), ids=" ".join)
def test_every_run_command_of_the_documents_exists(arguments: tuple[str, ...]):
    assert arguments[0] in re.search(r"\{(.*?)\}", help_of("run.py"))[1].split(",")


def test_the_readme_names_the_two_commands_and_each_part_of_ichseg():
    assert {"demo", "test"} <= {arguments[0] for arguments in shell_commands("run.py")}
    named = {arguments[0] for arguments in shell_commands("ichseg")}
    assert {"segment", "measure", "models", "doctor", "phantom"} <= named


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_file_that_a_document_links_to_exists(document: Path):
    links = re.findall(r"\]\(([^)#]+)", document.read_text("utf-8"))
    files = [link for link in links if not re.match(r"[a-z]+:", link)]
    assert not [link for link in files if not (document.parent / link).exists()]


def has(module: str, name: str) -> bool:
    """Whether ``name`` can be imported from ``module``; Slicer's module is only read."""
    if module != "ICHSegmentation":
        return hasattr(importlib.import_module(module), name)
    tree = ast.parse((ROOT / module / f"{module}.py").read_text("utf-8"))
    return name in {node.name for node in tree.body if isinstance(node, ast.ClassDef)}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_import_in_a_documents_python_exists(document: Path):
    for block in blocks(document.read_text("utf-8"), "python"):
        for module, names in re.findall(r"^from (\S+) import (.+)$", block, re.MULTILINE):
            for name in names.split(", "):
                assert has(module, name), f"{module} has no {name}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_python_program_that_a_document_starts_exists(document: Path):
    text = document.read_text("utf-8")
    modules = [
        Path(*name.split(".")) for name in re.findall(r"python3? -m ((?:ICHSeg|Training)[\w.]*)", text)
    ]
    scripts = [Path(name) for name in re.findall(r"python3? (\S+\.py)", text)]
    missing = [
        module
        for module in modules
        if not (ROOT / module / "__main__.py").exists() and not (ROOT / module).with_suffix(".py").exists()
    ]
    assert not missing + [script for script in scripts if not (ROOT / script).exists()]
