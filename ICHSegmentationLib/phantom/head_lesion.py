"""A hemorrhage in a painted head: grown on thin planes, then looked up in any pixel of any slice."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .anatomy import Box
from .head_shape import Floats
from .lesion_field import LesionField
from .plane import Plane
from .sampling import Sampling, interpolation

COARSE_MM = 0.9


@dataclass(frozen=True)
class HeadLesion:
    """A lesion field on thin planes and coarser pixels, cut to its surroundings.

    Attributes:
        edge, hu, edema: as in :class:`LesionField`; the first axis counts planes from the lowest.
        first: number of the lowest plane kept.
        rows, columns: position of the coarse pixels kept, in mm.
    """

    edge: Floats
    hu: Floats
    edema: Floats | None
    first: int
    rows: Floats
    columns: Floats

    def reaches(self, number: int, count: int) -> bool:
        """Whether any of ``count`` planes from ``number`` on, of those of the scan, shows the lesion."""
        return number < self.first + self.edge.shape[0] and number + count > self.first

    def on(self, number: int, plane: Plane) -> "LesionInPlane | None":
        """What a plane sees of the lesion; ``number`` counts all planes of the scan from the lowest."""
        k = number - self.first
        if not 0 <= k < self.edge.shape[0]:
            return None
        p = plane.pixels
        box = _span(p.rows, self.rows), _span(p.columns, self.columns)
        down, across = (
            interpolation(p.rows[box[0]], self.rows),
            interpolation(p.columns[box[1]], self.columns),
        )
        inside = plane.depth[box] > 0
        edge = (down @ self.edge[k] @ across.T) * inside
        edema = None if self.edema is None else (down @ self.edema[k] @ across.T) * inside
        return LesionInPlane(box, edge, down @ self.hu[k] @ across.T, edema)


@dataclass(frozen=True)
class LesionInPlane:
    """Part of a lesion in one plane: arrays ``[h, w]`` at the rows and columns of ``box``."""

    box: tuple[slice, slice]
    edge: Floats
    hu: Floats
    edema: Floats | None

    def laid_over(self, hu: Floats, soft: NDArray[np.bool_]) -> None:
        """Blend into a plane's densities ``[H, W]``; edema only where ``soft`` tissue swells."""
        here = hu[self.box]
        if self.edema is not None:
            here = here + self.edema * soft[self.box]
        hu[self.box] = here * (1 - self.edge) + self.hu * self.edge


def coarse_step(sampling: Sampling) -> int:
    return max(1, round(COARSE_MM / sampling.spacing[1]))


def cut_to_surroundings(field: LesionField, sampling: Sampling) -> HeadLesion:
    """Keep the part of a field on the coarse grid that shows something."""
    shows = field.edge > 0 if field.edema is None else (field.edge > 0) | (field.edema < 0)
    box = _bounding_box(shows)
    step = coarse_step(sampling)
    edema = None if field.edema is None else field.edema[box]
    return HeadLesion(
        field.edge[box],
        field.hu[box],
        edema,
        box[0].start,
        sampling.upright_rows(step)[box[1]],
        sampling.columns(step=step)[box[2]],
    )


def _bounding_box(mask: NDArray[np.bool_]) -> Box:
    spans = []
    for axis in range(3):
        found = np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis)))
        margin = 0 if axis == 0 else 1
        spans.append(slice(max(0, int(found[0]) - margin), int(found[-1]) + margin + 1))
    return spans[0], spans[1], spans[2]


def _span(positions: Floats, knots: Floats) -> slice:
    """The positions that lie between the first and the last knot."""
    first, last = np.searchsorted(positions, [knots[0], knots[-1]])
    return slice(int(first), int(last) + 1)
