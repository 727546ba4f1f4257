"""What a Python file imports, read from its syntax tree without running it."""

import ast
from collections.abc import Iterator
from pathlib import Path


def modules_of(package: Path) -> dict[str, Path]:
    """The modules below ``package`` by full name: ``ICHSegmentationLib.io.nifti`` and so on."""
    found = {}
    for file in sorted(package.rglob("*.py")):
        parts = file.relative_to(package.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


def imports_of(name: str, file: Path, only_when_loaded: bool = False) -> Iterator[str]:
    """Full names of what the module ``name`` imports, relative imports resolved.

    ``from a import b`` gives ``a.b``, as ``b`` may be a module.
    ``only_when_loaded`` leaves out imports inside functions and under ``if TYPE_CHECKING``.
    """
    package = name if file.name == "__init__.py" else name.rpartition(".")[0]
    for node in _walk(ast.parse(file.read_text("utf-8")), only_when_loaded):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            outer = package.split(".")[: 1 - node.level or None] if node.level else []
            base = ".".join([*outer, node.module] if node.module else outer)
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _walk(node: ast.AST, only_when_loaded: bool) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if only_when_loaded and _runs_later(child):
            continue
        yield child
        yield from _walk(child, only_when_loaded)


def _runs_later(node: ast.AST) -> bool:
    typing_only = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
    return typing_only or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
