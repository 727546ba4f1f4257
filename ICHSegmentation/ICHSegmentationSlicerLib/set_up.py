"""What a run needs on this computer: interpreter, packages, model and device; and what the user chose."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from ICHSegmentationLib.errors import DependencyError, ICHError
from ICHSegmentationLib.events import Event

from .batch_run import BatchRun
from .batch_scans import scans_in
from .database_scans import selected_scans
from .dependencies import Dependencies
from .doctor_report import DoctorReport, examine
from .engine_choices import Choice, detectors, device_choices, model_choices, require_model
from .interpreter import Interpreter, external_interpreter, slicers_interpreter
from .line_process import MakeProcess
from .messages import Meaning
from .outcome import Outcome
from .pending_setup import PendingSetup
from .steps import After
from .text_run import Written, run_text
from .translation import tr as _
from .warm_process import WarmProcess
from .worker import Worker

_DEFAULTS = {"model": "default", "device": "auto", "python": ""}
_GROUP = "ICHSegmentation"


class SetUp:
    """Joins the parts of the set-up for the panel and for scripts.

    Args:
        library_folder: holds ``ICHSegmentationLib``.
        store: a ``QSettings``; keeps the user's choices from one start of Slicer to the next.
        environment: of Slicer's own Python.
        outside: the environment that Slicer was started with, for an external Python.
        dependencies: the packages in Slicer's own Python.
        folder: takes temporary files.
        warm: carries out runs on single scans; None gives each a process of its own.
    """

    def __init__(
        self,
        library_folder: Path,
        store: Any,
        environment: Mapping[str, str],
        outside: Callable[[], Mapping[str, str]],
        dependencies: Dependencies,
        make_process: MakeProcess,
        after: After,
        folder: Path,
        warm: WarmProcess | None = None,
    ) -> None:
        self._library_folder, self._store = library_folder, store
        self._environment, self._outside = environment, outside
        self._dependencies = dependencies
        self._make_process, self._after = make_process, after
        self._folder, self._warm = folder, warm

    def chosen(self, name: str) -> str:
        """The user's ``model``, ``device`` or external ``python``."""
        return str(self._store.value(f"{_GROUP}/{name}") or _DEFAULTS[name])

    def choose(self, name: str, value: str) -> None:
        self._store.setValue(f"{_GROUP}/{name}", value)

    def models(self) -> list[Choice]:
        """(text, id) of every model that is installed."""
        return model_choices()

    def detectors(self) -> list[str]:
        """The ids of the detectors that are installed."""
        return detectors()

    def devices(self) -> list[Choice]:
        """(text, name) of where the network can run, as the doctor found it last."""
        try:
            found = json.loads(str(self._store.value(self._devices_key()) or "{}"))
        except ValueError:
            found = {}
        return device_choices(found)

    def interpreter(self) -> Interpreter:
        """The Python that runs the network.

        Raises:
            DependencyError: it is not there.
        """
        external = self.chosen("python")
        if external:
            return external_interpreter(Path(external), self._library_folder, self._outside())
        return slicers_interpreter(self._library_folder, self._environment)

    @property
    def waits_for_restart(self) -> str:
        """For what an earlier set-up waited when Slicer was closed; empty when none did."""
        return self._dependencies.waits_for_restart

    def require_ready(self, model: str) -> None:
        """Raise unless a run can start.

        Raises:
            DependencyError: a package is missing or broken, or the external Python is not there.
            ModelError: the model is not there, or its description is damaged.
        """
        self._dependencies.require(network=self.interpreter().is_slicers)
        require_model(model)

    def install(self) -> None:
        """Ask, and install what is missing; see :meth:`.dependencies.Dependencies.install`."""
        self._dependencies.install(network=not self.chosen("python"))
        self.close()  # what has loaded older packages

    def install_faster(self) -> None:
        """Ask, and install what makes runs on the CPU faster.

        Raises:
            CancelledError, DependencyError: see :meth:`.dependencies.Dependencies.install_faster`; or an
                external Python runs the network.
        """
        external = self.chosen("python")
        if external:
            raise DependencyError(
                _("The external Python runs the network, so what makes it faster has to be installed there."),
                f'"{external}" -m pip install openvino',
            )
        self._dependencies.install_faster()
        self.close()

    def make_worker(self, on_event: Callable[[Event], None]) -> Worker:
        """The worker of one run; every end of it is told as ``Finished`` or ``Failed``."""
        return Worker(self._make_process, self.interpreter(), on_event, self._after, warm=self._warm)

    def close(self) -> None:
        """Let go of the process that stays between runs; the next run starts another."""
        if self._warm is not None:
            self._warm.let_go()

    def make_batch_worker(
        self, on_event: Callable[[Event], None], on_finished: Callable[[Outcome], None]
    ) -> BatchRun:
        """The worker of many scans, which also writes their summary."""
        interpreter = self.interpreter()
        return BatchRun(
            lambda hear, end: Worker(self._make_process, interpreter, hear, self._after, end),
            on_event,
            on_finished,
        )

    def scans_in(self, folder: Path) -> list[Path]:
        """See :func:`.batch_scans.scans_in`."""
        return scans_in(folder)

    def selected_scans(self) -> list[Path]:
        """See :func:`.database_scans.selected_scans`."""
        return selected_scans(self._folder)

    def import_model(self, path: Path) -> str:
        """Copy a model folder, or the ``.zip`` of one, into the user's store, verified; gives its id.

        Raises:
            ModelError: or one of its kinds.
        """
        from ICHSegmentationLib import models

        return models.import_folder(path).manifest.id

    def download_model(self, url: str, sha256: str, done: Callable[[Meaning | None], None]) -> None:
        """Fetch the ``.zip`` of a model and check it; ``done`` hears what went wrong, or None.

        Raises:
            DependencyError: there is no Python to do it.
        """

        def tell(written: Written) -> None:
            if written.trouble is None:
                done(None)
            else:  # the command line has said it better, on its standard error
                said = "\n".join(written.last_lines).removeprefix("Error: ")
                done(Meaning(written.trouble.code, said or written.trouble.message, written.trouble.hint))

        arguments = ["models", "import", url, "--sha256", sha256]
        run_text(self._make_process, self.interpreter(), arguments, tell)

    def examine(self, done: Callable[[str], None]) -> None:
        """Ask the doctor what is installed; ``done`` gets a text to copy, now or later."""

        def keep(report: DoctorReport) -> None:
            if report.devices:
                self._store.setValue(self._devices_key(), json.dumps(report.devices))
            done(report.text)

        try:
            examine(self._make_process, self.interpreter(), self._after, keep)
        except ICHError as error:
            done(str(error))

    def _devices_key(self) -> str:
        """Another Python may hold another PyTorch."""
        return f"{_GROUP}/devicesOfExternalPython" if self.chosen("python") else f"{_GROUP}/devices"


def slicers_set_up(resources: Path, folder: Path) -> SetUp:
    """The set-up with Slicer's own parts in it.

    Args:
        resources: the module's, with its requirements.txt.
        folder: takes temporary files.
    """
    import qt
    import slicer

    import ICHSegmentationLib

    store = slicer.app.userSettings()
    return SetUp(
        Path(ICHSegmentationLib.__file__).resolve().parents[1],
        store,
        os.environ,
        lambda: slicer.util.startupEnvironment(),
        Dependencies(_packaging, _pytorch, resources / "requirements.txt", PendingSetup(store)),
        lambda: qt.QProcess(),
        lambda milliseconds, work: qt.QTimer.singleShot(milliseconds, work),
        folder,
        _warm_process(slicer.app),
    )


@lru_cache(maxsize=1)
def _warm_process(application: Any) -> WarmProcess:
    """One for the panel and for scripts; it ends with Slicer."""
    import qt

    warm = WarmProcess(lambda: qt.QProcess())
    application.connect("aboutToQuit()", warm.let_go)
    return warm


def _packaging() -> Any:
    """``slicer.packaging``.

    Raises:
        DependencyError: this Slicer does not have it yet.
    """
    import slicer

    try:
        from slicer import packaging
    except ImportError as error:
        found = slicer.app.applicationVersion
        raise DependencyError(
            _("Expected Slicer 5.12 or newer, found {found}.").format(found=found),
            _("Install a newer Slicer."),
        ) from error
    return packaging


def _pytorch() -> Any | None:
    """What Slicer's PyTorch extension installs with, None where it is not there."""
    try:
        import PyTorchUtils
    except ImportError:
        return None
    return PyTorchUtils.PyTorchUtilsLogic()
