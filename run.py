#!/usr/bin/env python3
"""The two commands of a fresh clone. They need Python 3.10 or newer and a network for pip, nothing else.

    python3 run.py demo [CT] [-o OUT]     outline and measure the hemorrhage in CT, or in a phantom
    python3 run.py test [PYTEST ARGS]     lint, type check and test

The first use makes .venv and installs into it; later uses start at once. Nothing outside this folder changes.
The environment variable ICHSEG_TORCH replaces the PyTorch requirement: ICHSEG_TORCH="torch==2.12.1".
"""

import argparse
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "installed.json"

# The one that docs/results.md was made with; it is not made for newer Pythons.
TORCH = os.environ.get("ICHSEG_TORCH", "torch==2.13.0" if sys.version_info < (3, 15) else "torch")
CPU_WHEELS = "https://download.pytorch.org/whl/cpu"
EXTRAS = {
    "demo": ["dicom", "openvino"],
    "test": ["dicom", "onnx", "openvino", "pacs", "ray", "test", "train", "slicer-test"],
}
CHECKS = [
    ["ruff", "check"],
    ["ruff", "format", "--check"],
    ["mypy"],
    # Finds what Windows does not have; the types of other packages are the run's above.
    ["mypy", "--platform", "win32", "--follow-imports", "skip", "--cache-dir", ".mypy_cache/win32"],
]
# Each in a process of its own: the light tests must not find torch loaded, Slicer's classes come alone. The
# longest come first, so that none is left over for one core at the end.
TESTS = [
    ["pytest", "Testing/packaging", "Testing/unit"],
    ["pytest", "Testing/torch/training"],
    ["pytest", "Testing/torch", "--ignore", "Testing/torch/training"],
    ["pytest", "Testing/panel"],
    ["pytest", "Testing/mrml", "Testing/slicer"],
]


def main() -> int:
    # Whoever starts this file may have any Python, so all of it must be syntax that Python 3.6 knows.
    if sys.version_info < (3, 10):  # noqa: UP036
        sys.exit(f"Expected Python 3.10 or newer, found {sys.version.split()[0]}. Start it with a newer one.")
    arguments, rest = parser().parse_known_args()
    if rest and arguments.command == "demo":
        parser().error(f"unrecognized arguments: {' '.join(rest)}")
    prepare_environment(EXTRAS[arguments.command])
    return test(rest) if arguments.command == "test" else demo(arguments.ct, arguments.output)


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="run.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    demo = commands.add_parser("demo", help="outline and measure the hemorrhage in a CT, or in a phantom")
    demo.add_argument(
        "ct", nargs="?", type=Path, metavar="CT", help="image file (NIfTI, NRRD, MetaImage) or DICOM folder"
    )
    demo.add_argument("-o", "--output", type=Path, default=ROOT / "demo", metavar="OUT", help="default: demo")
    commands.add_parser("test", help="lint, type check and test; arguments go to pytest", add_help=False)
    return parser


def demo(ct: "Path | None", output: Path) -> int:
    """Segment ``ct``, or a phantom made on the spot, with the default model."""
    if ct is None:
        ct = output / "phantom.nii.gz"
        output.mkdir(parents=True, exist_ok=True)
        failure = 0 if ct.exists() else run("-m", "ICHSegmentationLib", "phantom", "-o", ct, "--seed", "3")
        if failure:
            return failure
    return run("-m", "ICHSegmentationLib", "segment", ct, "-o", output, "--overwrite")


def test(pytest_arguments: "list[str]") -> int:
    """Run every check and test, even after one has failed; two at a time, one a core."""
    os.chdir(ROOT)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    failed = run_beside(CHECKS if pytest_arguments else CHECKS + TESTS)
    if pytest_arguments and run("-m", "pytest", *pytest_arguments):
        failed.append("pytest")
    if failed:
        say(f"Not passed: {', '.join(failed)}.")
    return 1 if failed else 0


def run_beside(jobs: "list[list[str]]") -> "list[str]":
    """Which of these modules' commands failed. Each one's output is shown whole, in the order of ``jobs``."""
    failed = []
    with ThreadPoolExecutor(2) as cores:
        for job, done in zip(jobs, cores.map(run_job, jobs), strict=True):
            name = " ".join(job)
            say(f"== {name}")
            sys.stdout.buffer.write(done.stdout)
            sys.stdout.buffer.flush()
            if done.returncode:
                failed.append(name)
    return failed


def run_job(job: "list[str]") -> "subprocess.CompletedProcess[bytes]":
    say(f"Started: {' '.join(job)}")
    return subprocess.run(
        [PYTHON, "-m", *job], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment()
    )


def prepare_environment(extras: "list[str]") -> None:
    """Make ``.venv`` and install PyTorch and this package with ``extras``, unless all of it is there."""
    requirements = hashlib.sha256(TORCH.encode() + (ROOT / "pyproject.toml").read_bytes()).hexdigest()
    installed = json.loads(STAMP.read_text()) if STAMP.exists() else {}
    if not has_pip(PYTHON):
        make_environment()
    elif installed.get("requirements") == requirements and set(extras) <= set(installed["extras"]):
        return
    STAMP.unlink(missing_ok=True)
    say(f"Installing {TORCH} into {VENV}. The first time this takes minutes.")
    install(TORCH, *cpu_wheels())
    say("Installing ICHSegmentation and what it needs.")
    install("--editable", f"{ROOT}[{','.join(extras)}]")
    STAMP.write_text(json.dumps({"requirements": requirements, "extras": extras}))


def make_environment() -> None:
    if importlib.util.find_spec("ensurepip") is None:
        package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        sys.exit(
            f"The Python at {sys.executable} cannot make an environment: its module ensurepip is missing.\n"
            f"On Debian and Ubuntu, 'sudo apt install {package}' brings it. Then run this command again."
        )
    subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=True, env=environment())


def has_pip(python: Path) -> bool:
    """Whether this interpreter starts and has pip; false once the Python it was made from has gone."""
    if not python.exists():
        return False
    asked = subprocess.run([python, "-c", "import pip"], env=environment(), capture_output=True)
    return asked.returncode == 0


def cpu_wheels() -> "tuple[str, ...]":
    """Where pip finds the small CPU-only PyTorch; PyPI's own for Linux brings gigabytes of CUDA along.

    A CPU wheel has a local version (``2.13.0+cpu``), which pip takes before PyPI's ``2.13.0``. Behind a
    mirror its site may be out of reach, and pip would retry it for minutes: so ask once, and do without.
    """
    if sys.platform != "linux" or shutil.which("nvidia-smi"):
        return ()
    try:
        with urllib.request.urlopen(urllib.request.Request(f"{CPU_WHEELS}/torch/", method="HEAD"), timeout=5):
            return ("--extra-index-url", CPU_WHEELS)
    except OSError:
        return ()


def install(*arguments: str) -> None:
    # Python compiles what is used, when it is first used: a small part of all these files.
    if run("-m", "pip", "install", "--quiet", "--no-compile", *arguments):
        sys.exit(
            "pip could not install this; its reason stands above. Check the network, the free disk space, and"
            f" that PyTorch is made for this Python ({sys.version.split()[0]}, {sysconfig.get_platform()})."
            " Then run this command again."
        )


def run(*arguments: "str | Path") -> int:
    """The exit code of the environment's Python run with these arguments."""
    return subprocess.run([PYTHON, *arguments], env=environment()).returncode


def environment() -> "dict[str, str]":
    """The user's environment, less what would mix other packages into ours or compile them at every start."""
    unwanted = ("PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if name not in unwanted}
    return {**kept, "PYTHONNOUSERSITE": "1", "PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def say(text: str) -> None:
    """Also where the output cannot hold a letter: in a file on Windows, of a name from another country."""
    encoding = sys.stdout.encoding or "utf-8"
    line = text.encode(encoding, "backslashreplace").decode(encoding) + "\n"
    print(line, end="", flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
