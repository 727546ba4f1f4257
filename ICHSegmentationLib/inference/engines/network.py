"""The one interface behind which every engine stands."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ...settings import EngineName

Image = NDArray[np.float32]


class Network(Protocol):
    """A network that is ready to run.

    Attributes:
        engine: its name as in the settings.
        divisor: ``(D, H, W)``, the multiples that its input must have.
    """

    @property
    def engine(self) -> EngineName: ...
    @property
    def divisor(self) -> tuple[int, int, int]: ...
    def __call__(self, image: Image, /) -> Image:
        """Logits ``[1, K, D, H, W]`` of ``image`` ``[1, C, D, H, W]``.

        Raises:
            EngineError: the engine fails, other than PyTorch itself, whose errors pass through.
        """
        ...


class EngineError(Exception):
    """An engine cannot open or run a network. PyTorch then does, so that no user ever meets this one."""


@contextmanager
def engine_errors(*kinds: type[Exception]) -> Iterator[None]:
    """Turn an engine's own errors into :class:`EngineError`."""
    try:
        yield
    except kinds as error:
        raise EngineError(str(error).strip().partition("\n")[0] or type(error).__name__) from error
