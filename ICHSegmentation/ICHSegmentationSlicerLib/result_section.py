"""The numbers at a glance: headline, sentences that matter, the table, and ways to take it along."""

from __future__ import annotations

import re
from typing import Any

from ICHSegmentationLib.report.numbers import ml

from .shared import Shared
from .translation import tr as _
from .uncertainty_section import second_look
from .widgets import Sentence

_NOTE = 4
"""The last column; it takes what room is left."""


class ResultSection:
    """Shows what the session has measured; a chosen row leads the slice views there."""

    def __init__(self, shared: Shared) -> None:
        ui, session, guard = shared.ui, shared.session, shared.guard
        self._ui, self._session = ui, session
        self._scene, self._desk = shared.scene, shared.desk
        self._note = Sentence(ui.notableLabel)
        self._told = Sentence(ui.resultLabel)
        self._rows: list[Any] = []
        self._shown: object = None
        ui.lesionTable.itemSelectionChanged.connect(guard(self.row_chosen, self._told))
        ui.copyButton.clicked.connect(guard(self.copy, self._told))
        ui.csvButton.clicked.connect(guard(self.save_csv, self._told))
        ui.segButton.clicked.connect(guard(self.save_dicom_seg, self._told))
        ui.reportButton.clicked.connect(guard(self.open_report, self._told))
        session.listen(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Follow the session; the table is filled anew only for new measurements."""
        measurements = self._session.measurements
        for button in (self._ui.copyButton, self._ui.csvButton, self._ui.reportButton):
            button.setEnabled(measurements is not None)
        from_dicom = self._scene.is_from_dicom(self._session.scan)
        self._ui.segButton.setEnabled(measurements is not None and from_dicom)
        self._ui.lesionTable.setVisible(bool(measurements and measurements["lesions"]))
        if measurements is self._shown and measurements is not None:
            return
        self._shown = measurements
        self._told.clear()
        if measurements is None:
            self._rows = []
            self._ui.headlineLabel.setText(_("No result yet"))
            self._note.say(_("The volumes and the lesions of a run are shown here."))
            return
        self._rows = self._scene.rows(measurements)
        self._ui.headlineLabel.setText(headline(measurements))
        self._note.say("\n".join(self._sentences(measurements)))
        self._fill()

    def row_chosen(self) -> None:
        """Lead the views to the lesion of the chosen row, and choose that lesion."""
        index = self._ui.lesionTable.currentRow()
        if not 0 <= index < len(self._rows):
            return
        row = self._rows[index]
        if row.place is not None:
            self._scene.jump_to(row.place)
        if row.lesion is not None:
            self._session.choose_lesion(row.lesion)

    def copy(self) -> None:
        self._desk.copy(self._scene.text(self._session.measurements))
        self._told.say(_("The measurements are on the clipboard."))

    def save_csv(self) -> None:
        name = self._file_name(".csv")
        path = self._desk.ask_save_path(_("Save the table"), name, "CSV (*.csv)")
        if path is not None:
            self._scene.write_csv(self._session.measurements, path)
            self._told.say(_("Written to {path}.").format(path=path))

    def save_dicom_seg(self) -> None:
        session = self._session
        name = self._file_name(".dcm")
        path = self._desk.ask_save_path(_("Save as DICOM SEG"), name, "DICOM (*.dcm)")
        if path is not None:
            self._scene.write_dicom_seg(session.scan, session.segmentation, path)
            self._told.say(_("Written to {path}.").format(path=path))

    def open_report(self) -> None:
        """The page of the run; after a correction or a load, one written from what is there now."""
        session = self._session
        page = session.result_folder / "report.html" if session.result_folder else None
        if page is None or session.edited or not page.exists():
            page = self._scene.write_report(session.scan, session.segmentation, session.measurements)
        self._desk.open_page(page)

    def _file_name(self, ending: str) -> str:
        """Slicer names scans after their DICOM series, such as ``5: HEAD W/O``: no folder is meant."""
        scan = re.sub(r'[<>:"/\\|?*]+', "_", self._session.scan.GetName())
        return f"{scan} hemorrhage{ending}"

    def _sentences(self, measurements: dict[str, Any]) -> list[str]:
        if measurements["lesions"]:
            sentences = self._scene.notable(measurements)
        elif measurements.get("edited"):
            sentences = [_("Nothing is outlined now: the segmentation has been edited.")]
        else:
            sentences = [_("The whole scan was read and nothing was outlined. Look through it yourself.")]
        look = second_look(measurements)
        return list(dict.fromkeys([*sentences, *look, *measurements.get("warnings", [])]))

    def _fill(self) -> None:
        table = self._ui.lesionTable
        blocked = table.blockSignals(True)
        table.clearSelection()
        table.setRowCount(len(self._rows))
        for index, row in enumerate(self._rows):
            name, _slices, volume, tada, _difference, percent, _note = self._scene.cells(row)
            texts = (name, volume, tada, percent, "; ".join(row.marks))
            for column, text in enumerate(texts):
                tip = "\n".join([*row.marks, *([row.reason] if row.reason else [])])
                item = self._desk.table_item(text, tip, 0 < column < _NOTE, row.kind == "total")
                table.setItem(index, column, item)
        for column in range(_NOTE):
            table.resizeColumnToContents(column)
        table.setColumnWidth(_NOTE, 1)  # the least; it stretches
        table.resizeRowsToContents()
        table.blockSignals(blocked)


def headline(measurements: dict[str, Any]) -> str:
    """The result in one line."""
    lesions = len(measurements["lesions"])
    if not lesions:
        return _("No hemorrhage segmented")
    volume = ml(measurements["total_volume_ml"])
    if lesions == 1:
        return _("{volume} mL in 1 lesion").format(volume=volume)
    return _("{volume} mL in {number} lesions").format(volume=volume, number=lesions)
