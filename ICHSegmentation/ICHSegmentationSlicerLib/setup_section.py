"""Set-up: which model, where it runs, an external Python, the packages, and the doctor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ICHSegmentationLib.settings import DetectionSettings, SegmentationSettings

from .guard import Guard
from .translation import tr as _
from .widgets import Sentence, chosen_in, fill_choices, path_in


class SetupSection:
    """Choices that belong to this computer; they are kept in Slicer's settings and not in the scene."""

    def __init__(self, ui: Any, setup: Any, desk: Any, guard: Guard) -> None:
        self._ui, self._setup, self._desk, self._guard = ui, setup, desk, guard
        self._told = Sentence(ui.setupLabel)
        ui.doctorText.setVisible(False)
        ui.pythonPath.setProperty("currentPath", setup.chosen("python"))
        self.refresh()
        ui.modelComboBox.currentIndexChanged.connect(guard(self._keep, self._told))
        ui.deviceComboBox.currentIndexChanged.connect(guard(self._keep, self._told))
        ui.pythonPath.currentPathChanged.connect(guard(self._keep, self._told))
        ui.modelDownloadButton.clicked.connect(guard(self.download_model, self._told))
        ui.modelImportButton.clicked.connect(guard(self.import_model, self._told))
        ui.installButton.clicked.connect(guard(self._install_and_tell, self._told))
        ui.fasterButton.clicked.connect(guard(self.install_faster, self._told))
        ui.doctorButton.clicked.connect(guard(self.call_doctor, self._told))

    def refresh(self) -> None:
        """Offer the models and devices that there are now."""
        fill_choices(self._ui.modelComboBox, self._setup.models(), self._setup.chosen("model"))
        fill_choices(self._ui.deviceComboBox, self._setup.devices(), self._setup.chosen("device"))

    def tell_of_earlier(self) -> None:
        """A set-up that waited for Slicer to start again goes on here."""
        waited_for = self._setup.waits_for_restart
        if waited_for:
            self._ui.setupCollapsibleButton.setProperty("collapsed", False)
            self._told.say("\n".join([waited_for, _("Press Install packages to go on.")]))

    def settings(self, uncertainty: bool) -> SegmentationSettings:
        """What the next run is asked to do."""
        return SegmentationSettings(
            model=chosen_in(self._ui.modelComboBox),
            device=chosen_in(self._ui.deviceComboBox),  # type: ignore[arg-type]
            uncertainty=uncertainty,
        )

    def detection_settings(self, detection: Mapping[str, Any]) -> DetectionSettings:
        """How the detector that judged a result maps what it looks at.

        Args:
            detection: as in ``measurements.json``.
        """
        named = detection.get("model", {}).get("id", "")
        return DetectionSettings(
            model=named if named in self._setup.detectors() else DetectionSettings.model,
            device=chosen_in(self._ui.deviceComboBox),  # type: ignore[arg-type]
            heatmap=True,
        )

    def require_ready(self) -> None:
        """Raise unless a run can start.

        Raises:
            DependencyError: a package is missing or broken, or the external Python is not one.
            ModelError: the model is not there, damaged or altered.
        """
        self._setup.require_ready(chosen_in(self._ui.modelComboBox))

    def install(self) -> None:
        """Ask, and install what is missing.

        Raises:
            DependencyError: it could not be installed, or the user did not want it.
        """
        self._setup.install()
        self.refresh()

    def import_model(self) -> None:
        path = self._desk.ask_open_path(_("Choose model.json, or the .zip of a model"), "*.json *.zip")
        if path is None:
            return
        name = self._setup.import_model(path.parent if path.suffix == ".json" else path)
        self._setup.choose("model", name)
        self.refresh()
        self._told.say(_("The model {name} is verified and chosen.").format(name=name))

    def download_model(self) -> None:
        """Ask for an address and the checksum that was published with it, and fetch the model."""
        address = self._desk.ask_text(_("Download a model"), _("Address of the model's .zip:"))
        sha256 = address and self._desk.ask_text(
            _("Download a model"), _("Its SHA-256, as published with it:")
        )
        if not sha256:
            return
        self._ui.modelDownloadButton.setEnabled(False)
        self._told.say(_("The model is being fetched ..."))
        self._setup.download_model(address, sha256, self._downloaded)

    def _downloaded(self, trouble: Any) -> None:
        self._ui.modelDownloadButton.setEnabled(True)
        self.refresh()
        self._told.say(trouble.message if trouble else _("The model is verified and can be chosen."))

    def call_doctor(self) -> None:
        """Ask the interpreter that runs the network what is installed; the answer comes when it comes."""
        self._ui.doctorButton.setEnabled(False)
        self._told.say(_("The doctor is looking ..."))
        self._setup.examine(self._show_findings)

    def _show_findings(self, text: str) -> None:
        self._ui.doctorButton.setEnabled(True)
        self._told.clear()
        self._ui.doctorText.setPlainText(text)
        self._ui.doctorText.setVisible(True)
        self.refresh()

    def _install_and_tell(self) -> None:
        self.install()
        self._told.say(_("Everything that is needed is installed."))

    def install_faster(self) -> None:
        """Ask, and install OpenVINO.

        Raises:
            DependencyError, CancelledError: it could not be installed, or the user did not want it.
        """
        self._setup.install_faster()
        self._told.say(
            _("OpenVINO is installed. Runs on the CPU use it from now on; the first one takes a bit longer.")
        )

    def _keep(self) -> None:
        self._setup.choose("model", chosen_in(self._ui.modelComboBox))
        self._setup.choose("device", chosen_in(self._ui.deviceComboBox))
        self._setup.choose("python", path_in(self._ui.pythonPath))
