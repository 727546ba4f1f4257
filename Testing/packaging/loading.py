"""What importing a module loads, followed through our own packages without running anything."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from imports import imports_of, modules_of

ROOT = Path(__file__).resolve().parents[2]
MODULE = "ICHSegmentation"
SLICER_LIBRARY = "ICHSegmentationSlicerLib"
LIBRARY = "ICHSegmentationLib"


@cache
def own_modules() -> dict[str, Path]:
    """The modules that Slicer gets, by the name under which it imports them."""
    folder = ROOT / MODULE
    return {
        MODULE: folder / f"{MODULE}.py",
        **modules_of(folder / SLICER_LIBRARY),
        **modules_of(ROOT / LIBRARY),
    }


def module_of(name: str) -> str:
    """Our module that holds ``name``, or the outside package that does: ``torch`` for ``torch.nn.Module``."""
    known = own_modules()
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        if (found := ".".join(parts[:length])) in known:
            return found
    return parts[0]


@cache
def loads(module: str) -> frozenset[str]:
    """What importing this one of our modules imports at once, with the packages around it."""
    names = set(imports_of(module, own_modules()[module], only_when_loaded=True))
    names |= {outer for name in [module, *names] for outer in _outer(name)}
    return frozenset({module_of(name) for name in names} - {module})


def _outer(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts))]


def loaded_by(modules: Iterable[str]) -> dict[str, list[str]]:
    """Everything that importing ``modules`` loads, each with the chain of imports that leads to it."""
    chains = {module: [module] for module in modules}
    waiting = list(chains)
    while waiting:
        module = waiting.pop(0)
        if module not in own_modules():
            continue
        for other in loads(module):
            if other not in chains:
                chains[other] = [*chains[module], other]
                waiting.append(other)
    return chains
