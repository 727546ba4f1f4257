"""The packages that are needed: their versions, and what to say where one is missing."""

import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from .. import __version__
from ..errors import DependencyError

PACKAGES = (
    "torch", "monai", "safetensors", "numpy", "scipy", "scikit-image", "connected-components-3d",
    "SimpleITK", "nibabel", "pydicom", "jinja2", "pillow", "rich", "filelock",
)  # fmt: skip
"""Without one of them something fails: the dependencies in ``pyproject.toml``."""

ENGINE_PACKAGES = ("openvino", "onnxruntime")
"""They run the networks faster, and may be missing."""

_PACKAGE_OF_MODULE = {"skimage": "scikit-image", "cc3d": "connected-components-3d", "PIL": "pillow"}


def versions() -> dict[str, str]:
    """The versions of this library, of Python, and of the packages that are installed; none is loaded."""
    return {"ichsegmentation": __version__, "python": platform.python_version(), **dict(_installed())}


@cache
def _installed() -> tuple[tuple[str, str], ...]:
    """Looked up once: what is loaded does not change while a process runs."""
    found = []
    for package in (*PACKAGES, *ENGINE_PACKAGES):
        try:
            found.append((package, version(package)))
        except PackageNotFoundError:
            continue
    return tuple(found)


def missing_package(error: ImportError) -> DependencyError:
    """The error to raise for a package that is missing or cannot be loaded."""
    module = (error.name or "").partition(".")[0]
    package = _PACKAGE_OF_MODULE.get(module, module)
    return DependencyError(
        f"Expected the package '{package or 'torch'}', could not load it: {error}.",
        f"Install it into the Python that runs this: python -m pip install {package or 'torch'}",
    )


def require_pytorch() -> str:
    """Load PyTorch and tell its version.

    Raises:
        DependencyError: it is missing, cannot be loaded, or only remains of it are there. What a broken
            installation leaves behind can be imported, as a package with nothing in it.
    """
    try:
        import torch
    except ImportError as error:
        raise missing_package(error) from error
    except OSError as error:  # Windows, where a library that torch needs is missing
        raise missing_package(ImportError(str(error), name="torch")) from error
    version = getattr(torch, "__version__", None)
    if version is None:
        places = ", ".join(getattr(torch, "__path__", [])) or "its place"
        raise DependencyError(
            f"Expected PyTorch, found only remains of a broken installation in {places}.",
            "Uninstall torch, remove that folder if it is still there, and install PyTorch again.",
        )
    return str(version)
