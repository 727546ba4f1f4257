"""A worker as an actor of Ray: a process on some machine of a cluster that loads the model once."""

import os
import platform
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue

from .. import __version__
from ..errors import DependencyError, ICHError, InputError
from ..events import Event
from .case import Case
from .claim import worker_present
from .doing import do_case
from .equipment import Equipment, Ready, Tools, Unfit, equip
from .outcome import Outcome, Problem

_LOOK_S = 1.0


class RayWorker:
    """What Ray makes an actor of; where it runs, all paths lead to the same files.

    Args:
        token: a file that the batch has just put into its folder.
        version: of the library that runs the batch.
    """

    def __init__(self, equipment: Equipment, token: Path, version: str) -> None:
        self._equipment, self._token, self._version = equipment, token, version
        self._tools = Tools()
        self._presence = ExitStack()
        # The same thread for all cases: libraries keep memory for each thread that ever computed.
        self._thread = ThreadPoolExecutor(1)

    def prepare(self) -> Ready | Unfit:
        """Load the model, after a look at whether this machine can take part at all."""
        threading.Thread(target=_end_with_ray, args=(os.getppid(),), daemon=True).start()
        try:
            self._require_same_place()
            self._presence.enter_context(worker_present(self._equipment.state_dir))
            self._tools = equip(self._equipment)
        except ICHError as error:
            problem = Problem.of(error)
            told = f"{problem.message} (on the machine {platform.node()})"
            return Unfit(Problem(problem.code, problem.exit_code, told, problem.hint))
        return Ready()

    def do(self, case: Case) -> Iterator[Event | Outcome]:
        """The events of a case as they come, and at last its outcome."""
        told: SimpleQueue[Event | None] = SimpleQueue()
        outcome = self._thread.submit(do_case, case, self._equipment, self._tools, told.put)
        outcome.add_done_callback(lambda _: told.put(None))
        while (event := told.get()) is not None:
            yield event
        yield outcome.result()

    def _require_same_place(self) -> None:
        if self._version != __version__:
            raise DependencyError(
                f"Expected version {self._version} of ICHSegmentation on every machine, found {__version__}.",
                "Install the same version everywhere.",
            )
        if not self._token.is_file():
            raise InputError(
                "Expected the output folder to be the same on every machine, found another one or none.",
                "Put input and output on storage that all machines have under the same path.",
            )


def _end_with_ray(parent: int) -> None:
    """End this process when Ray on this machine has gone, even in the midst of a case: another worker does it
    again, and Ray would wait for its end. On Windows an orphan cannot tell that it is one."""
    while os.getppid() == parent:
        time.sleep(_LOOK_S)
    os._exit(1)
