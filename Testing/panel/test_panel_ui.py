"""The ``.ui`` file and the code that uses it say the same, and what a user needs is there."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

MODULE = Path(__file__).resolve().parents[2] / "ICHSegmentation"
UI = MODULE / "Resources" / "UI" / "ICHSegmentation.ui"
CODE = [MODULE / "ICHSegmentation.py", *sorted((MODULE / "ICHSegmentationSlicerLib").glob("*.py"))]
WORKED_WITH = {
    "QCheckBox",
    "QComboBox",
    "QProgressBar",
    "QPushButton",
    "QSpinBox",
    "QTableWidget",
    "ctkPathLineEdit",
    "qMRMLNodeComboBox",
}


def widgets() -> list[ElementTree.Element]:
    return list(ElementTree.parse(UI).getroot().iter("widget"))


def text_of(widget: ElementTree.Element, name: str) -> str:
    return widget.findtext(f"property[@name='{name}']/string") or ""


def widgets_in_code() -> set[str]:
    """Every ``X`` of ``ui.X`` and ``self._ui.X``."""
    named = set()
    for file in CODE:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Attribute):
                holder = node.value
                name = getattr(holder, "attr", getattr(holder, "id", ""))
                if name in ("ui", "_ui"):
                    named.add(node.attr)
    return named


def test_every_widget_that_the_code_names_is_in_the_file() -> None:
    named = widgets_in_code()
    assert len(named) > 30
    assert named <= {widget.get("name") for widget in widgets()}


def test_every_widget_that_a_user_works_with_is_used() -> None:
    bound = {w.get("name") for w in widgets() if w.find("property[@name='SlicerParameterName']") is not None}
    there = {widget.get("name") for widget in widgets() if widget.get("class") in WORKED_WITH}
    assert there <= widgets_in_code() | bound


def test_every_widget_that_a_user_works_with_has_a_tool_tip() -> None:
    silent = [w.get("name") for w in widgets() if w.get("class") in WORKED_WITH and not text_of(w, "toolTip")]
    assert not silent


def test_no_two_shortcuts_are_the_same() -> None:
    keys = Counter(match.lower() for w in widgets() for match in re.findall("&(.)", text_of(w, "text")))
    assert len(keys) > 15
    assert not [key for key, count in keys.items() if count > 1]


def test_every_field_with_a_label_is_its_buddy() -> None:
    labels = [w for w in widgets() if w.get("class") == "QLabel" and text_of(w, "text").endswith(":")]
    buddies = {label.findtext("property[@name='buddy']/cstring") for label in labels}
    assert len(labels) == len(buddies) == 9
    assert buddies <= {widget.get("name") for widget in widgets()}


def test_no_colour_is_fixed_so_that_dark_mode_stays_readable() -> None:
    assert not re.search(r"styleSheet|<palette|<color|#[0-9a-fA-F]{6}", UI.read_text("utf-8"))
    panel = [file for file in CODE if "section" in file.name or file.stem in ("panel", "desk", "widgets")]
    assert len(panel) > 8
    assert not [file for file in panel if re.search(r"styleSheet|QColor|QPalette", file.read_text("utf-8"))]


def test_sections_stand_in_the_order_of_work() -> None:
    titles = [text_of(w, "text") for w in widgets() if w.get("class") == "ctkCollapsibleButton"]
    assert titles == [
        "Scan",
        "Result",
        "Detection",
        "Tada lines (A, B, C)",
        "Correct",
        "Uncertainty",
        "Compare with an earlier scan",
        "Several scans",
        "Set-up",
    ]


def test_each_sentence_of_the_panel_goes_through_the_translation() -> None:
    """A literal with a space that is shown by ``setText`` or ``say`` stands inside ``_()``."""
    bare = []
    for file in CODE:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            shows = isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("setText", "say")
            for argument in node.args if shows else ():
                if isinstance(argument, ast.Constant) and " " in str(argument.value):
                    bare.append(f"{file.name}:{node.lineno}")
    assert not bare


def test_the_panel_reads_widgets_in_a_way_that_pythonqt_knows() -> None:
    """There, a property is an attribute and hides the method of the same name, which PySide has."""
    hidden = {
        "text",
        "checked",
        "value",
        "currentIndex",
        "currentText",
        "currentPath",
        "toolTip",
        "collapsed",
    }
    called = [
        f"{file.name}:{node.lineno}"
        for file in CODE
        if "section" in file.name or file.stem in ("panel", "widgets", "desk")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and not node.args
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in hidden
    ]
    assert not called


def test_the_stand_in_raises_on_what_slicer_does_not_have(desktop: Any, tmp_path: Path) -> None:
    import qt
    import slicer

    with pytest.raises(AttributeError):
        qt.QNoSuchWidget  # noqa: B018
    with pytest.raises(AttributeError):
        qt.Signal  # noqa: B018
    with pytest.raises(AttributeError):
        slicer.qMRMLNodeComboBox().noSuchProperty = 1
    unknown = tmp_path / "unknown.ui"
    unknown.write_text(UI.read_text("utf-8").replace('class="ctkPathLineEdit"', 'class="ctkNoSuchWidget"'))
    with pytest.raises(ValueError, match="ctkNoSuchWidget"):
        slicer.util.loadUI(str(unknown))
    unknown.write_text(UI.read_text("utf-8").replace("noneEnabled", "noSuchProperty"))
    with pytest.raises(ValueError, match="noSuchProperty"):
        slicer.util.loadUI(str(unknown))


def test_a_long_path_in_a_sentence_does_not_widen_the_panel(opened: Any, scene: Any) -> None:
    from opening import PlannedSetup

    panel = opened(PlannedSetup())
    path = "D:\\studies" + "\\folder_of_a_patient" * 10
    for section in ("batch", "setup", "comparison"):
        whole = getattr(panel.ui, f"{section}CollapsibleButton")
        whole.setProperty("collapsed", False)
        panel.settle()
        before = whole.layout().minimumSize().width()
        label = getattr(panel.ui, f"{section}Label")
        label.setText(f"Expected a scan, found none in {path}.")
        label.setVisible(True)
        panel.settle()
        assert whole.layout().minimumSize().width() == before
