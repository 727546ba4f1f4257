"""The lines A, B and C of the chosen lesion: shown, dragged, fitted anew, and the estimate that follows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ICHSegmentationLib.report.numbers import ml, ml_more

from .session import Measurements
from .shared import Shared
from .translation import tr as _
from .widgets import Sentence, is_checked, set_checked


class TadaSection:
    """Shows the lines of one lesion at a time: the one chosen in the table."""

    def __init__(self, shared: Shared) -> None:
        ui, session, guard = shared.ui, shared.session, shared.guard
        self._ui, self._session, self._scene = ui, session, shared.scene
        self._told = Sentence(ui.tadaLabel)
        self._lines: Any = None
        self._scan: Any = None
        self._lesion: Measurements | None = None
        ui.tadaShowCheckBox.toggled.connect(guard(self.toggle, self._told))
        ui.tadaRefitButton.clicked.connect(guard(self.refit, self._told))
        session.listen(guard(self.refresh, self._told))
        self.refresh()

    def refresh(self) -> None:
        """Follow the chosen lesion, whose lines take the place of those that are shown. Lines stay as they
        were dragged where nothing of their lesion has changed but its place."""
        before, self._lesion = self._lesion, self._session.chosen_lesion()
        if _shape(before) != _shape(self._lesion) and not self._move():
            self._take_down()
            if is_checked(self._ui.tadaShowCheckBox):
                self._put_up()
        self._describe()

    def take_up(self, found: Sequence[Any], take_result: Callable[[], None]) -> None:
        """Of lines that the scene has already, those that are shown, else the first; their lesion is chosen.

        Args:
            take_result: gives the session the result that they belong to.
        """
        set_checked(self._ui.tadaShowCheckBox, False)  # or automatic lines would take their place
        take_result()
        of_this = [lines for lines in found if self._fit(lines)] or found
        lines = next((lines for lines in of_this if lines.shown), of_this[0])
        self._session.choose_lesion(lines.lesion_id)
        set_checked(self._ui.tadaShowCheckBox, True)
        lines.show(True)
        self._take_lines(lines)
        self._describe()

    def let_go(self) -> None:
        """Stop following the lines, and leave them in the scene."""
        if self._lines is not None:
            self._lines.stop()
        self._lines = self._lesion = self._scan = None

    def toggle(self) -> None:
        if is_checked(self._ui.tadaShowCheckBox):
            self._put_up()
        else:
            self._take_down()
        self._describe()

    def refit(self) -> None:
        """The automatic lines again."""
        if self._lines is not None:
            self._lines.refit()
        self._describe()

    def _put_up(self) -> None:
        self._take_down()
        if self._lesion is not None:
            self._take_lines(self._kept() or self._scene.add_tada_lines(self._session.scan, self._lesion))

    def _kept(self) -> Any:
        """The lines of the chosen lesion as they were dragged, shown again; None where there are none."""
        for lines in self._scene.find_tada_lines(self._session.scan):
            if lines.lesion_id == self._session.lesion and lines.dragged and self._fit(lines):
                lines.show(True)
                return lines
        return None

    def _fit(self, lines: Any) -> bool:
        """Whether these lines are those of a lesion that is measured now; they follow the scan to where it
        lies."""
        lesion = self._session.lesion_called(lines.lesion_id)
        return lesion is not None and lines.follow(self._session.scan, lesion)

    def _move(self) -> bool:
        """Let the lines follow the scan; whether they still are those of the chosen lesion."""
        lines, lesion = self._lines, self._lesion
        return lines is not None and lesion is not None and lines.follow(self._session.scan, lesion)

    def _take_lines(self, lines: Any) -> None:
        self._lines, self._scan = lines, self._session.scan
        if lines is not None:
            lines.observe(self._describe)

    def _take_down(self) -> None:
        """Remove the lines; if dragged, they wait, hidden, until their scan and lesion are chosen again."""
        lines, self._lines = self._lines, None
        if lines is None:
            return
        lines.stop()
        left = self._scan is not self._session.scan and self._scene.has(self._scan)
        if lines.dragged and (left or self._fit(lines)):
            lines.show(False)
        else:
            lines.remove()

    def _describe(self, *_event: Any) -> None:
        lesion = self._lesion
        applicable = lesion is not None and lesion["tada"]["applicable"]
        self._ui.tadaShowCheckBox.setEnabled(applicable)
        self._ui.tadaRefitButton.setEnabled(self._lines is not None)
        self._told.say(self._sentence(lesion))

    def _sentence(self, lesion: Measurements | None) -> str:
        if lesion is None:
            return _("Lines A, B and C are offered for the lesions in the table.")
        tada = lesion["tada"]
        if not tada["applicable"]:
            return _("No Tada estimate for lesion {number}: {reason}").format(
                number=lesion["id"], reason=tada["reason"]
            )
        volume = self._lines.volume_ml if self._lines is not None else tada["volume_ml"]
        return _("Lesion {number}: Tada {tada} mL, by voxels {voxels} mL ({difference} mL).").format(
            number=lesion["id"],
            tada=ml(volume),
            voxels=ml(lesion["volume_ml"]),
            difference=ml_more(volume - lesion["volume_ml"]),
        )


def _shape(lesion: Measurements | None) -> object:
    """What the automatic lines are made from."""
    return lesion and (lesion["id"], lesion["tada"], lesion["slices"])
