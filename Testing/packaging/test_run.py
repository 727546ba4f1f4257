"""``run.py``, which any Python of any computer may be asked to start."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

OLDER = "Expected Python 3.10 or newer, found"


def of_run(root: Path, code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", f"import sys; {code}"],
        cwd=root,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )


def evaluated_annotations(tree: ast.AST) -> list[ast.expr]:
    found: list[ast.expr | None] = []
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            found.append(node.returns)
        elif isinstance(node, (ast.arg, ast.AnnAssign)):
            found.append(node.annotation)
    return [node for node in found if node is not None]


def test_an_old_python_can_read_it_and_says_which_it_needs(root: Path):
    tree = ast.parse((root / "run.py").read_text("utf-8"), feature_version=(3, 7))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert "__future__" not in imported, "Python 3.6 does not know its annotations"
    complex_ones = [
        ast.unparse(one) for one in evaluated_annotations(tree) if isinstance(one, (ast.BinOp, ast.Subscript))
    ]
    assert not complex_ones, "older Pythons cannot evaluate them: write them in quotes"

    done = of_run(root, "sys.version_info = (3, 6, 8); import run; sys.exit(run.main())")
    assert done.returncode == 1
    assert done.stderr.startswith(OLDER)


def test_a_path_in_letters_that_the_output_cannot_hold_is_said_all_the_same(root: Path):
    done = of_run(root, "import run; run.say('D:\\\\scans\\\\\u5c71\u7530')", PYTHONIOENCODING="cp1252")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "D:\\scans\\\\u5c71\\u7530\n"


def test_the_output_of_each_check_is_whole_and_what_failed_is_told_last(root: Path):
    code = (
        "import run; run.PYTHON = sys.executable; run.CHECKS = [['json.tool', 'no such file'], ['this']]; "
        "run.TESTS = [['platform']]; sys.exit(run.test([]))"
    )
    done = of_run(root, code)
    assert done.returncode == 1, done.stderr
    first, second, third = re.split(r"^== ", done.stdout, flags=re.MULTILINE)[1:]
    assert first.startswith("json.tool no such file") and "usage: " not in second + third
    assert second.startswith("this") and "Namespaces are one honking great idea" in second
    assert third.startswith("platform")
    assert done.stdout.splitlines()[-1] == "Not passed: json.tool no such file."


def test_arguments_for_pytest_replace_the_tests_and_what_is_compiled_is_kept(root: Path):
    code = (
        "import run; run.PYTHON = sys.executable; run.CHECKS = run.TESTS = []; "
        "sys.exit(run.test(['--version']) or 'PYTHONDONTWRITEBYTECODE' in run.environment())"
    )
    done = of_run(root, code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("pytest ") or done.stderr.startswith("pytest ")
