"""The inside of a scan's skull, found once for all that ask: detector and cascade look at the same scan."""

import weakref

from ..volume import CTVolume
from .intracranial import IntracranialRegion, intracranial_region
from .orientation import Reorientation

_latest: tuple[weakref.ref[CTVolume], IntracranialRegion] | None = None


def inside_of(ct: CTVolume) -> IntracranialRegion:
    """The intracranial region of ``ct`` in canonical order (see :mod:`.orientation`), read-only.

    It is remembered for the latest scan, as long as that is in use; its voxels must not be changed meanwhile.
    """
    global _latest
    latest = _latest
    if latest is not None and latest[0]() is ct:
        return latest[1]
    order = Reorientation.of(ct.grid)
    region = intracranial_region(order.apply(ct.voxels), order.grid.spacing)
    region.mask.flags.writeable = False
    _latest = weakref.ref(ct, _forget), region
    return region


def _forget(scan: weakref.ref[CTVolume]) -> None:
    global _latest
    if _latest is not None and _latest[0] is scan:
        _latest = None
