"""The inside of a scan's skull, found once for all that ask: detector, cascade and subtypes look at the same
scan."""

import weakref
from dataclasses import dataclass

from ..volume import CTVolume
from .intracranial import CoarseHead, IntracranialRegion
from .orientation import Reorientation


@dataclass(frozen=True)
class _Head:
    """What was found out about one scan; the scan itself is not held."""

    scan: weakref.ref[CTVolume]
    coarse: CoarseHead
    region: IntracranialRegion


_latest: _Head | None = None


def inside_of(ct: CTVolume) -> IntracranialRegion:
    """The intracranial region of ``ct`` in canonical order (see :mod:`.orientation`), read-only.

    It is remembered for the latest scan, as long as that is in use; its voxels must not be changed meanwhile.
    """
    return _head_of(ct).region


def coarse_head_of(ct: CTVolume) -> CoarseHead:
    """The head of ``ct`` in canonical order on coarse blocks; remembered as :func:`inside_of` is."""
    return _head_of(ct).coarse


def _head_of(ct: CTVolume) -> _Head:
    global _latest
    latest = _latest
    if latest is not None and latest.scan() is ct:
        return latest
    order = Reorientation.of(ct.grid)
    hu, spacing = order.apply(ct.voxels), order.grid.spacing
    coarse = CoarseHead.of(hu, spacing)
    region = coarse.region(hu, spacing)
    for array in (region.mask, coarse.hu, coarse.inside):
        array.flags.writeable = False
    _latest = latest = _Head(weakref.ref(ct, _forget), coarse, region)
    return latest


def _forget(scan: weakref.ref[CTVolume]) -> None:
    global _latest
    if _latest is not None and _latest.scan is scan:
        _latest = None
