"""What is installed here and whether it works: the first thing to look at when something does not."""

import os
import platform
import shutil
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .. import models
from ..errors import DependencyError, ICHError
from ..inference.engines.choice import engines_here
from .memory import total_memory_mb
from .packages import ENGINE_PACKAGES, PACKAGES, missing_package, require_pytorch, versions

DEVICE = "device"
"""A finding named ``device cuda`` says that networks can run there, and its value what it is."""


@dataclass(frozen=True)
class Finding:
    """One fact; ``problem`` is what is wrong with it, ``exit_code`` that of its error."""

    name: str
    value: str
    problem: str = ""
    exit_code: int = 0


def examine() -> list[Finding]:
    """Look at Python, the machine, PyTorch, the packages and every model's weights."""
    return [*_machine(), *_pytorch(), *_engines(), *_packages(), *_models()]


def as_text(findings: list[Finding]) -> str:
    """The findings as plain text to copy into a report of a fault."""
    width = max(len(finding.name) for finding in findings)
    lines = []
    for finding in findings:
        lines.append(f"{finding.name:<{width}}  {finding.value}")
        if finding.problem:
            lines.append(f"{'':<{width}}  PROBLEM: {finding.problem}")
    return "\n".join(lines) + "\n"


def as_dict(findings: list[Finding]) -> dict[str, Any]:
    problems = [finding.problem for finding in findings if finding.problem]
    return {"healthy": not problems, "findings": [asdict(finding) for finding in findings]}


def exit_code(findings: list[Finding]) -> int:
    """0 when nothing is wrong, else the exit code of the first problem."""
    return next((finding.exit_code for finding in findings if finding.problem), 0)


def _machine() -> list[Finding]:
    memory = total_memory_mb()
    return [
        Finding("Python", f"{platform.python_version()} ({platform.python_implementation()})"),
        Finding("interpreter", _without_home(Path(sys.executable))),
        Finding("platform", f"{platform.platform()}, {platform.machine()}"),
        Finding("CPU cores", str(os.cpu_count())),
        Finding("memory", f"{memory / 1000:.1f} GB" if memory else "unknown"),
        Finding("free disk here", f"{shutil.disk_usage(Path.cwd()).free / 1e9:.1f} GB"),
    ]


def _pytorch() -> list[Finding]:
    try:
        version = require_pytorch()
        import monai  # noqa: F401  # to see whether it loads
        import torch
    except DependencyError as error:
        return [Finding("PyTorch", "not usable", str(error), error.exit_code)]
    except ImportError as error:
        failure = missing_package(error)
        return [Finding("PyTorch", "not usable", str(failure), failure.exit_code)]
    cuda = range(torch.cuda.device_count()) if torch.cuda.is_available() else []
    return [
        Finding("PyTorch", f"{version}, {torch.get_num_threads()} threads"),
        Finding(f"{DEVICE} cpu", f"{platform.machine()}, {os.cpu_count()} cores"),
        *[Finding(f"{DEVICE} cuda", torch.cuda.get_device_name(number)) for number in cuda],
        *([Finding(f"{DEVICE} mps", "Apple GPU")] if torch.backends.mps.is_available() else []),
    ]


def _engines() -> list[Finding]:
    here = engines_here()
    if not here:
        return []  # without PyTorch, which was told already
    left = [name for name in ENGINE_PACKAGES if name not in here]
    more = f"; faster with {' or '.join(left)}" if here[0] not in ENGINE_PACKAGES else ""
    return [Finding("engines", f"{', '.join(here)}; auto takes {here[0]}{more}")]


def _packages() -> list[Finding]:
    installed = versions()
    missing = [
        Finding(name, "missing", f"python -m pip install {name}", DependencyError.exit_code)
        for name in PACKAGES
        if name not in installed
    ]
    return [Finding(name, installed[name]) for name in installed if name != "python"] + missing


def _models() -> list[Finding]:
    findings = [Finding("own models", _without_home(models.store_folder()))]
    try:
        models.default_model()
    except ICHError as error:
        findings.append(Finding("default model", "not usable", str(error), error.exit_code))
    return findings + [_model(place) for place in models.places()]


def _model(place: Path) -> Finding:
    name = f"model {place.name}"
    try:
        model = models.ModelFolder.open(place)
        model.verify()
    except ICHError as error:
        return Finding(name, "not usable", str(error), error.exit_code)
    manifest = model.manifest
    return Finding(name, f"{manifest.id} {manifest.version}, verified, SHA-256 {manifest.sha256}")


def _without_home(path: Path) -> str:
    """The path without the user's name, as far as the home folder shows it."""
    try:
        return str(Path("~") / path.relative_to(Path.home()))
    except ValueError:
        return str(path)
