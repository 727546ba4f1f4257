"""The workers as actors of a Ray cluster, seen from the process that gives them their cases."""

import logging
import re
import time
import uuid
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .. import __version__, models
from ..errors import DeviceError, OutputError, WorkerLostError
from ..events import Event
from ..io.atomic import output_errors
from ..models.folder import MANIFEST_NAME
from .case import Case
from .claim import require_no_worker
from .crew import Events
from .doing import STAGING
from .equipment import Equipment, Ready, Unfit
from .outcome import Outcome, Problem, Unworkable
from .ray_cluster import LOCAL, Share, Signals, has_gpus, joined, room
from .ray_worker import RayWorker

_MOST_LOSSES = 3
"""A worker may be lost with its machine, or to a neighbour that took all memory: only the third one in a row
that is lost at a case speaks against the case."""

_MOST_FALSE_STARTS = 3
_WAIT_S = 0.5
_LOOK_S = 5.0
"""How often to look whether machines have come or gone."""
_LONG_S = 60.0

_log = logging.getLogger(__name__)


@dataclass
class _Worker:
    """An actor, what it is at, and what Ray will have of it next: whether it is ready, or a case's events."""

    actor: Any
    awaited: Any
    case: Case | None = None
    began: float = 0.0


def done_by_ray(cases: Iterable[Case], equipment: Equipment, address: str, size: int | None) -> Events:
    """What workers on a Ray cluster tell while they do the cases, and the outcome of each as it ends.

    A case whose worker is lost, with its machine or alone, goes to another one; it has failed when three were
    lost at it. Closing the generator kills the workers.

    Args:
        address: see :class:`.options.BatchOptions`.
        size: how many workers at most; None takes as many as the cluster bears, also while it grows.

    Raises:
        Unworkable: a worker cannot load the model, or does not see the same files.
        WorkerLostError: workers are lost before they have begun a case, several times in a row.
        DependencyError: Ray is not installed.
        DeviceError: there is no cluster, or none of its machines bears a worker.
        OutputError: the state of the batch cannot be written.
    """
    equipment = _anywhere(equipment)
    token = equipment.state_dir / STAGING / f"seen-by-all-{uuid.uuid4().hex}"
    with output_errors(token):
        token.parent.mkdir(parents=True, exist_ok=True)
        token.touch()
    with joined(address) as ray, Signals().held() as signals:
        share = Share.of_worker(equipment.settings, equipment.memory_mb, has_gpus(ray))
        if not room(ray, share) and (address == LOCAL or size is None):
            raise DeviceError(
                f"Expected a machine with {share} for a worker, found none in the Ray cluster.",
                "Take fewer --threads, a lower --limit-memory, or another --device.",
            )
        crew = _Crew(ray, share, size, deque(map(_absolute, cases)), equipment, token, signals)
        try:
            yield from crew.work()
        finally:
            crew.dismiss()


class _Crew:
    def __init__(
        self,
        ray: Any,
        share: Share,
        size: int | None,
        waiting: deque[Case],
        equipment: Equipment,
        token: Path,
        signals: Signals,
    ) -> None:
        self._ray, self._share, self._size, self._signals = ray, share, size, signals
        self._waiting, self._equipment, self._token = waiting, equipment, token
        self._workers: list[_Worker] = []
        self._losses: Counter[str] = Counter()
        self._false_starts = 0
        self._room, self._looked = 0, -_LOOK_S
        self._at_work = time.monotonic()
        self._make = ray.remote(
            num_cpus=share.cpus, num_gpus=share.gpus, memory=share.memory_bytes, max_restarts=0
        )(RayWorker)

    def work(self) -> Iterator[Event | Outcome]:
        while self._waiting or any(worker.case for worker in self._workers):
            self._hire()
            for worker in self._with_news():
                yield from self._heard(worker)
            self._signals.heard()

    def dismiss(self) -> None:
        """Kill all workers, and wait until they write nothing any more."""
        for worker in list(self._workers):
            self._let_go(worker)
        try:
            require_no_worker(self._equipment.state_dir)
        except OutputError as error:  # its machine cannot be reached: the next start waits for it again
            _log.warning("%s", error.message)

    def _hire(self) -> None:
        """As many workers as are of use and find room: one that is still starting will take a case too."""
        now = time.monotonic()
        if now - self._looked >= _LOOK_S:
            self._room, self._looked = room(self._ray, self._share), now
        busy = sum(worker.case is not None for worker in self._workers)
        if busy:
            self._at_work = now
        elif now - self._at_work > _LONG_S:
            self._at_work = now
            _log.warning("No worker is at work: waiting for a machine with %s.", self._share)
        size = self._room if self._size is None else self._size
        while len(self._workers) < min(size, busy + len(self._waiting)):
            actor = self._make.remote(self._equipment, self._token, __version__)
            self._workers.append(_Worker(actor, actor.prepare.remote()))

    def _with_news(self) -> list[_Worker]:
        if not self._workers:
            time.sleep(_WAIT_S)
            return []
        by_awaited = {worker.awaited: worker for worker in self._workers}
        told, _ = self._ray.wait(list(by_awaited), num_returns=1, timeout=_WAIT_S)
        return [by_awaited[each] for each in told]

    def _heard(self, worker: _Worker) -> Iterator[Event | Outcome]:
        errors = self._ray.exceptions
        try:
            message = self._ray.get(next(worker.awaited) if worker.case else worker.awaited)
        except errors.RayTaskError:  # none of a lost worker: it raised what it should not
            raise
        except errors.RayError as error:
            yield from self._lost(worker, error)
            return
        if isinstance(message, Unfit):
            raise Unworkable(message.problem)
        if isinstance(message, Ready):
            self._give(worker)
        elif isinstance(message, Outcome):
            self._false_starts = 0
            self._give(worker)
            yield message
        else:
            yield message

    def _give(self, worker: _Worker) -> None:
        """The next case; a worker for which none is left makes room for the cluster's other users."""
        if not self._waiting:
            self._let_go(worker)
            return
        worker.case, worker.began = self._waiting.popleft(), time.perf_counter()
        worker.awaited = worker.actor.do.options(num_returns="streaming").remote(worker.case)

    def _let_go(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        with suppress(self._ray.exceptions.RayError):
            self._ray.kill(worker.actor)

    def _lost(self, worker: _Worker, error: Exception) -> Iterator[Outcome]:
        """Have the case done by another worker, after all others: it may have been its fault."""
        self._let_go(worker)  # it may be that only the way to it is lost
        cause, case = _cause(error), worker.case
        if case is None:
            self._false_starts += 1
            if self._false_starts >= max(_MOST_FALSE_STARTS, 2 * (self._size or self._room)):
                raise WorkerLostError(
                    f"{self._false_starts} workers were lost before they began a case ({cause}).",
                    "Take fewer --workers, allow them more memory, and see 'ichseg doctor' on each machine.",
                )
            return
        self._losses[case.name] += 1
        if self._losses[case.name] < _MOST_LOSSES:
            _log.warning("%s: its worker was lost (%s); another one does it again.", case.name, cause)
            self._waiting.append(case)
            return
        problem = WorkerLostError(
            f"{_MOST_LOSSES} workers were lost, one after the other, while at work on this case ({cause}).",
            "Try it again with --retry, perhaps with fewer --workers; other cases are not concerned.",
        )
        seconds = round(time.perf_counter() - worker.began, 3)
        yield Outcome(case.name, seconds, None, Problem.of(problem))


def _cause(error: Exception) -> str:
    """Ray tells of a lost actor in many lines; somewhere in them stands "... because its node has died." or
    the error with which it could not be made."""
    text = str(error)
    if found := re.search(r"because (its [^.\n]+)", text):
        return found.group(1)
    raised = re.findall(r"^\w+Error: .+$", text, re.MULTILINE)
    return raised[-1] if raised else text.strip().partition("\n")[0]


def _anywhere(equipment: Equipment) -> Equipment:
    """The same with paths that do not count from this process's folder."""
    settings = equipment.settings
    return replace(
        equipment,
        out_dir=equipment.out_dir.absolute(),
        state_dir=equipment.state_dir.absolute(),
        settings=replace(
            settings, model=_place_or_id(settings.model), detector=_place_or_id(settings.detector)
        ),
    )


def _place_or_id(model: str) -> str:
    """A model that is given by its folder, by its whole path; an id as it is."""
    place = Path(model).absolute()
    by_place = (place / MANIFEST_NAME).is_file() and models.find(model).path.absolute() == place
    return str(place) if by_place else model


def _absolute(case: Case) -> Case:
    files = tuple(file.absolute() for file in case.files)
    return replace(case, files=files, mask=case.mask.absolute() if case.mask else None)
