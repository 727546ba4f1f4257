"""The reader of imports that the layer tests rest on."""

from pathlib import Path

from imports import imports_of


def names(
    tmp_path: Path, source: str, module: str = "a.b.c", file: str = "c.py", **options: bool
) -> set[str]:
    (tmp_path / file).write_text(source)
    return set(imports_of(module, tmp_path / file, **options))


def test_relative_imports_are_resolved_from_a_module(tmp_path: Path):
    source = "from . import d\nfrom .e import f\nfrom ..g import h\nfrom .. import i\nimport j.k\n"
    assert names(tmp_path, source) == {"a.b.d", "a.b.e.f", "a.g.h", "a.i", "j.k"}


def test_relative_imports_are_resolved_from_a_package(tmp_path: Path):
    source = "from .d import e\nfrom ..f import g\n"
    assert names(tmp_path, source, module="a.b", file="__init__.py") == {"a.b.d.e", "a.f.g"}


def test_imports_in_functions_count_except_when_only_loading_is_asked_for(tmp_path: Path):
    source = "import x\nclass A:\n  import y\n  def f(self):\n    import z\n"
    assert names(tmp_path, source) == {"x", "y", "z"}
    assert names(tmp_path, source, only_when_loaded=True) == {"x", "y"}


def test_imports_for_type_checkers_are_not_loaded(tmp_path: Path):
    source = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n  import torch\n"
    assert names(tmp_path, source, only_when_loaded=True) == {"typing.TYPE_CHECKING"}
