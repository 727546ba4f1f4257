"""A worker: a process of its own that loads the model once and does one case after the other."""

import os
import signal
import sys
import threading
from contextlib import suppress
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait

from ..errors import ICHError
from ..events import Event
from .claim import worker_present
from .doing import do_case
from .equipment import Equipment, Ready, Unfit, equip
from .outcome import Outcome, Problem


def work(connection: Connection, equipment: Equipment) -> None:
    """Send :class:`.Ready` or :class:`.Unfit`, then events and an :class:`.Outcome` for every case."""
    _leave_signals_to_the_parent()
    _end_with_the_parent()
    os.dup2(2, 1)  # what libraries print must not come among the events on stdout
    sys.stdout = sys.stderr

    def tell(message: Event | Outcome | Ready | Unfit) -> None:
        try:
            connection.send(message)
        except OSError:  # the parent is gone
            os._exit(1)

    with worker_present(equipment.state_dir):
        try:
            tools = equip(equipment)
        except ICHError as error:
            tell(Unfit(Problem.of(error)))
            return
        tell(Ready())
        with suppress(EOFError, OSError):  # the parent is gone
            while True:
                tell(do_case(connection.recv(), equipment, tools, tell))


def _leave_signals_to_the_parent() -> None:
    """Ctrl-C reaches every process of a terminal; the parent alone decides what ends."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)


def _end_with_the_parent() -> None:
    """End this process as soon as its parent has gone, even in the midst of a case."""
    parent = parent_process()
    if parent is None:
        return

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
