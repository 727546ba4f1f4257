"""One small painted head of each kind, made once."""

from functools import cache

import pytest

from ICHSegmentationLib.phantom import Phantom, make_phantom

SHAPE, SPACING = (16, 112, 112), (10.0, 2.0, 2.0)


@cache
def small_phantom(subtype: str | None, volume_ml: float | None = None, seed: int = 3) -> Phantom:
    return make_phantom(seed, subtype, volume_ml, SHAPE, SPACING)


@pytest.fixture(scope="session")
def a_phantom():
    """A maker of small phantoms: subtype, volume in mL, seed."""
    return small_phantom
