"""Whether the Tada formula is meant for a lesion, and what to say about one for which it is coarse.

The formula takes the lesion for an ellipsoid. Subarachnoid blood is scattered (paper 004, Xu et al., section
5.3, leaves it out), ventricular blood has the ventricles' shape and is not part of a parenchymal lesion's
estimate. Hemorrhage of unknown subtype is judged by its shape.
"""

from collections.abc import Sequence

from ..labels import INTRAVENTRICULAR, SUBARACHNOID, Label
from .axial import AxialView
from .outline import hull

SCATTERED_PIECES = 5
"""Parenchymal hemorrhage is one to three pieces, sulcal blood many: from this number on they count."""

SCATTERED_LARGEST_SHARE = 0.5
"""A main lesion with satellites still holds most of the blood; a scattered pattern has no main lesion."""

LEAST_SOLIDITY = 0.6
"""Parenchymal hematomas fill 0.70 to 0.95 of their convex outline (measured on the 52 training cases of
PHE-SICH-CT-IDS, silver masks); shells 3 mm thick that bend by more than 40 degrees
fill less than this, branching sulcal blood still less."""

COARSE_SOLIDITY = 0.75
"""Below the 4 % least convex of the same hematomas."""

FEWEST_SLICES = 3
"""On fewer slices the depth C is known to no better than a third."""

_BY_LABEL = {
    SUBARACHNOID: "Subarachnoid hemorrhage is scattered and irregular, far from the ellipsoid that the Tada "
    "formula assumes.",
    INTRAVENTRICULAR: "Intraventricular hemorrhage has the shape of the ventricles, far from the ellipsoid "
    "that the Tada formula assumes.",
}


def solidity(lesion: AxialView) -> float:
    """Share of its convex outline that a lesion fills, over all its slices: 1 for convex shapes."""
    _, rows, columns = lesion.axes
    filled = sum(float(rows.widths @ plane @ columns.widths) for plane in lesion.voxels)
    return filled / sum(hull(plane, rows, columns).volume for plane in lesion.voxels)


def scattered_reason(volumes_ml: Sequence[float]) -> str:
    """Why lesions of unknown subtype are a scattered pattern; empty where they are not."""
    if len(volumes_ml) < SCATTERED_PIECES:
        return ""
    share = max(volumes_ml) / sum(volumes_ml)
    if share >= SCATTERED_LARGEST_SHARE:
        return ""
    return (
        f"The hemorrhage is scattered over {len(volumes_ml)} pieces and the largest holds only {share:.0%} "
        "of it, as in subarachnoid hemorrhage: the Tada formula is not meant for such a pattern."
    )


def unfit_reason(label: Label, volume_ml: float, smallest_ml: float) -> str:
    """Why a lesion of this label and size gets no Tada estimate; empty where nothing speaks against it."""
    if not label.tada:
        return _BY_LABEL[label]
    if volume_ml < smallest_ml:
        return f"The lesion is smaller than {smallest_ml:g} mL."
    return ""


def unfit_shape_reason(filled: float) -> str:
    """Why a lesion of unknown subtype with this :func:`solidity` gets no Tada estimate; else empty."""
    if filled >= LEAST_SOLIDITY:
        return ""
    return (
        f"The lesion fills only {filled:.0%} of its convex outline, as thin or branching hemorrhage does, "
        "far from the ellipsoid that the Tada formula assumes."
    )


def coarse_warnings(lesion_id: int, slices: int, filled: float) -> list[str]:
    """What to know about a Tada estimate that is given but coarse, one sentence each."""
    warnings = []
    if slices < FEWEST_SLICES:
        number = "one slice" if slices == 1 else f"{slices} slices"
        warnings.append(
            f"Lesion {lesion_id} lies on only {number}: its depth C and Tada estimate are coarse."
        )
    if filled < COARSE_SOLIDITY:
        warnings.append(
            f"Lesion {lesion_id} fills only {filled:.0%} of its convex outline: the Tada formula, which "
            "assumes an ellipsoid, may be far off."
        )
    return warnings
