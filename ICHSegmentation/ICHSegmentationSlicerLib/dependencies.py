"""The packages in Slicer's own Python: what is missing, and installing it when the user asks for it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NoReturn, Protocol

from ICHSegmentationLib.errors import CancelledError, DependencyError

from .offline import offline_hint
from .pending_setup import PendingSetup
from .torch_install import OLDEST, TorchInstall, torch_install
from .translation import tr as _

REQUESTER = "ICHSegmentation"

NETWORK_ONLY = frozenset({"monai", "safetensors"})
"""Of no use, and MONAI of harm, where an external Python runs the network: it would bring PyTorch along."""

FASTER = "requirements-faster.txt"

_FAILURES = (subprocess.CalledProcessError, ImportError, OSError, RuntimeError, ValueError)


class Packaging(Protocol):
    """``slicer.packaging``."""

    def load_requirements(self, path: str) -> list[Any]: ...
    def pip_check(self, requirement: Any) -> bool: ...
    def pip_ensure(self, requirements: list[Any], *, requester: str) -> Any: ...


class Dependencies:
    """To be used on the main thread: Slicer asks its user before it installs, and shows how far it is.

    Args:
        packaging: gives ``slicer.packaging``.
        pytorch: gives the ``PyTorchUtilsLogic`` of Slicer's PyTorch extension; None where that is missing.
        requirements: the module's requirements.txt; what makes runs faster stands in
            requirements-faster.txt beside it.
        pending: remembers a set-up that waits for a restart.
        look: finds PyTorch.
    """

    def __init__(
        self,
        packaging: Callable[[], Packaging],
        pytorch: Callable[[], Any | None],
        requirements: Path,
        pending: PendingSetup,
        look: Callable[[], TorchInstall] = torch_install,
    ) -> None:
        self._packaging, self._pytorch, self._requirements = packaging, pytorch, requirements
        self._pending, self._look = pending, look

    @property
    def waits_for_restart(self) -> str:
        """For what an earlier set-up waited; empty when none did, or nothing is missing any more."""
        if self._pending.reason and not self.missing():
            self._pending.clear()
        return self._pending.reason

    def missing(self, network: bool = True) -> list[str]:
        """What has to be installed; without ``network``, what Slicer needs beside an external Python."""
        torch = ["torch"] if network and self._look().state != "usable" else []
        return torch + [str(requirement) for requirement in self._missing_packages(network)]

    def require(self, network: bool = True) -> None:
        """Raise unless everything is there.

        Raises:
            DependencyError: something is missing, or PyTorch is broken.
        """
        if network:
            self._refuse_broken(self._look())
        missing = self.missing(network)
        if missing:
            raise DependencyError(
                _("Some packages are not installed in Slicer yet: {names}.").format(names=", ".join(missing)),
                _("Press Install in the Set-up section."),
            )

    def install(self, network: bool = True) -> None:
        """Ask, and install what is missing.

        Raises:
            CancelledError: the user did not want it.
            DependencyError: it cannot be installed now; where a restart helps, the set-up is remembered.
        """
        if network:
            self._install_torch()
        self._install_packages(lambda: self._missing_packages(network))
        self._pending.clear()

    def install_faster(self) -> None:
        """Ask, and install what is not needed but makes runs on the CPU faster.

        Raises:
            CancelledError, DependencyError: as :meth:`install`; or nothing of it is made for this computer.
        """
        meant = self._meant_here(self._requirements.with_name(FASTER))
        if not meant:
            raise DependencyError(
                _("What makes runs on the CPU faster is not made for this system."),
                _("PyTorch runs the networks; nothing is missing."),
            )
        self._install_packages(lambda: self._not_there(meant))

    def _install_torch(self) -> None:
        found = self._look()
        if found.state == "usable":
            return
        self._refuse_broken(found)
        extension = self._pytorch()
        if extension is None:
            self._wait_for_restart(
                _("PyTorch is needed, and Slicer's PyTorch extension, which installs it, is not there."),
                _(
                    "Open View > Extensions Manager, install the extension 'PyTorch', and let Slicer "
                    "restart. The set-up goes on when you open this module again."
                ),
            )
        try:
            wanted = ".".join(map(str, OLDEST))
            torch = extension.installTorch(askConfirmation=True, torchVersionRequirement=f">={wanted}")
        except _FAILURES as error:
            raise self._not_installed("PyTorch", error) from error
        if torch is None:
            raise CancelledError(_("PyTorch was not installed."), _("Press Install when you want it."))
        if self._look().state != "usable":
            self._wait_for_restart(
                _("PyTorch is installed, but cannot be used before Slicer starts again."),
                _("Restart Slicer; the set-up goes on when you open this module again."),
            )

    def _install_packages(self, find_missing: Callable[[], list[Any]]) -> None:
        missing = find_missing()
        if not missing:
            return
        try:
            self._packaging().pip_ensure(missing, requester=REQUESTER)
        except _FAILURES as error:
            if isinstance(error, RuntimeError):  # what Slicer raises when its user declines
                raise CancelledError(
                    _("The packages were not installed: {error}.").format(error=str(error).rstrip(".")),
                    _("Press Install when you want them."),
                ) from error
            raise self._not_installed(_("The packages"), error) from error
        if left := find_missing():
            names = ", ".join(str(requirement) for requirement in left)
            self._wait_for_restart(
                _("These packages are still missing: {names}.").format(names=names),
                _("Restart Slicer; the set-up goes on when you open this module again."),
            )

    def _missing_packages(self, network: bool) -> list[Any]:
        meant = self._meant_here(self._requirements)
        return self._not_there(one for one in meant if network or one.name.lower() not in NETWORK_ONLY)

    def _not_there(self, requirements: Iterable[Any]) -> list[Any]:
        packaging = self._packaging()
        return [requirement for requirement in requirements if not packaging.pip_check(requirement)]

    def _meant_here(self, path: Path) -> list[Any]:
        """The requirements of a file that are meant for this system and Python."""
        listed = self._packaging().load_requirements(str(path))
        return [one for one in listed if one.marker is None or one.marker.evaluate()]

    def _refuse_broken(self, found: TorchInstall) -> None:
        if found.state == "broken":
            self._wait_for_restart(
                _("Only remains of a broken PyTorch installation were found in {place}.").format(
                    place=found.place
                ),
                _(
                    "Open the module PyTorch Utils (Utilities), press Uninstall PyTorch, and restart Slicer. "
                    "If the folder is still there, remove it. The set-up goes on when you open this module "
                    "again."
                ),
            )
        if found.state == "old":
            self._wait_for_restart(
                _("Expected PyTorch {oldest} or newer, found {version}.").format(
                    oldest=".".join(map(str, OLDEST)), version=found.version
                ),
                _(
                    "Open the module PyTorch Utils (Utilities), press Uninstall PyTorch, and restart Slicer. "
                    "The set-up goes on when you open this module again."
                ),
            )

    def _wait_for_restart(self, message: str, hint: str) -> NoReturn:
        self._pending.remember(message)
        raise DependencyError(message, hint)

    def _not_installed(self, what: str, error: Exception) -> DependencyError:
        return DependencyError(
            _("{what} could not be installed: {error}.").format(what=what, error=str(error).rstrip(".")),
            offline_hint(self._requirements),
        )
