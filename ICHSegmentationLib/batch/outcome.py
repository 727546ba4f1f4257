"""What a worker tells of a case when it has ended."""

from dataclasses import dataclass

from ..errors import ICHError
from ..events import Finished
from ..printable import printable


@dataclass(frozen=True)
class Problem:
    """An error in plain words, as it goes from one process to another and into the ledger."""

    code: str
    exit_code: int
    message: str
    hint: str

    @classmethod
    def of(cls, error: ICHError) -> "Problem":
        return cls(error.code, error.exit_code, printable(error.message), printable(error.hint))


@dataclass(frozen=True)
class Outcome:
    """A case that has ended.

    Attributes:
        input_sha256: see :func:`.fingerprint.content_sha256`; None where a file could not be read.
        result: the files and the measurements, or why there are none.
    """

    case: str
    seconds: float
    input_sha256: str | None
    result: Finished | Problem


class Unworkable(ICHError):
    """A problem that is none of a case: no other case would fare better."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message, problem.hint)
        self.code, self.exit_code = problem.code, problem.exit_code  # type: ignore[misc]
