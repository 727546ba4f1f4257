"""Hemorrhages of the five subtypes for any head, real or painted, and how they are laid into an image."""

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ..errors import InputError
from ..labels import (
    EPIDURAL,
    INTRAPARENCHYMAL,
    INTRAVENTRICULAR,
    SUBARACHNOID,
    SUBDURAL,
    SUBTYPES,
    Label,
    label_named,
)
from .anatomy import Anatomy
from .density import blood_density
from .epidural import rank_epidural
from .intraparenchymal import rank_intraparenchymal
from .intraventricular import rank_intraventricular
from .lesion_field import LesionField, Ranking, occupancy
from .noise_fields import smooth_noise
from .subarachnoid import rank_subarachnoid
from .subdural import rank_subdural

_RANKINGS: dict[str, Callable[[Anatomy, np.random.Generator, float], Ranking]] = {
    INTRAPARENCHYMAL.id: rank_intraparenchymal,
    INTRAVENTRICULAR.id: rank_intraventricular,
    SUBARACHNOID.id: rank_subarachnoid,
    SUBDURAL.id: rank_subdural,
    EPIDURAL.id: rank_epidural,
}

# Log-normal volumes: median mL, sigma, smallest, largest. IPH as measured in large series.
_VOLUMES = {
    INTRAPARENCHYMAL.id: (11.7, 1.25, 0.3, 110),
    INTRAVENTRICULAR.id: (5.0, 1.0, 0.3, 60),
    SUBARACHNOID.id: (5.0, 1.0, 0.4, 40),
    SUBDURAL.id: (15.0, 1.3, 0.4, 120),
    EPIDURAL.id: (9.0, 1.3, 0.3, 90),
}


def lesion(
    subtype: str, anatomy: Anatomy, rng: np.random.Generator, volume_ml: float | None = None
) -> LesionField:
    """A random hemorrhage in a head.

    Args:
        subtype: ``id`` of a label, one of the five subtypes.
        anatomy: the head; the same object given again is faster, it keeps its distances.
        rng: source of randomness; the same state gives the same lesion.
        volume_ml: volume to reach to the nearest voxel; None draws one as patients have it. Where the head
            has less room (IVH in narrow ventricles), the room is filled.

    Returns:
        Arrays on the anatomy's grid.

    Raises:
        UnknownLabelError: no label has this id.
        InputError: the label is no subtype, the volume is not positive, or the head has no room at all.
    """
    label = subtype_named(subtype)
    if volume_ml is None:
        volume_ml = typical_volume_ml(subtype, rng)
    if not 0 < volume_ml < np.inf:
        raise InputError(f"Expected a volume above 0 mL, found {volume_ml}.")
    inner = anatomy.cropped
    ranking = _RANKINGS[subtype](inner, rng, volume_ml)
    level = ranking.level(round(volume_ml / anatomy.voxel_ml))
    mask = ranking.rank <= level
    if not mask.any():
        raise InputError(
            f"Expected room for {label.name.lower()} in the head, found none.",
            "Give an anatomy with brain, and with ventricles for an intraventricular hemorrhage.",
        )
    hu = blood_density(label, mask, inner, rng)
    edge = occupancy(ranking, level, mask, inner)
    edema = None
    if label is INTRAPARENCHYMAL:
        edema = _placed(_edema(ranking.rank, level, inner, rng), anatomy)
    return LesionField(label, _placed(mask, anatomy), _placed(hu, anatomy), _placed(edge, anatomy), edema)


def subtype_named(name: str) -> Label:
    """The label with this ``id``, which must be one of the five subtypes.

    Raises:
        UnknownLabelError, InputError: see :func:`lesion`.
    """
    label = label_named(name)
    if label not in SUBTYPES:
        raise InputError(f"Expected a subtype out of {', '.join(_RANKINGS)}, found '{name}'.")
    return label


def typical_volume_ml(subtype: str, rng: np.random.Generator) -> float:
    """Draw a volume in mL as patients have it."""
    median, sigma, smallest, largest = _VOLUMES[subtype]
    return float(np.clip(rng.lognormal(np.log(median), sigma), smallest, largest))


def paint(hu: NDArray[np.floating], fields: Iterable[LesionField]) -> NDArray[np.float32]:
    """Lay lesions into an image: ``hu * (1 - edge) + (lesion + noise) * edge``.

    The image's own fine noise is kept inside a lesion, so that smoothness does not give it away.

    Args:
        hu: ``[D, H, W]`` in HU; it is not changed.
        fields: lesions on the same grid, the later ones over the earlier ones.
    """
    image = np.array(hu, dtype=np.float32)
    for field in fields:
        if field.edema is not None:
            # Fluid, fat and bone do not swell.
            image += field.edema * ((image > 20) & (image < 50))
        box = ndimage.find_objects((field.edge > 0).astype(np.uint8), max_label=1)[0]
        if box is None:
            continue
        here, edge = image[box], field.edge[box]
        image[box] = here * (1 - edge) + (field.hu[box] + _fine_noise(here)) * edge
    return image


def _fine_noise(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """What a blur of one and a half pixels in plane takes away, without the steps of anatomy."""
    soft_tissue = np.clip(image, 0, 60)
    return np.clip(soft_tissue - ndimage.gaussian_filter(soft_tissue, (0, 1.5, 1.5), truncate=2), -9, 9)


def _edema(
    rank: NDArray[np.float32], level: float, anatomy: Anatomy, rng: np.random.Generator
) -> NDArray[np.float32]:
    """HU to add in a rim of uneven width (3 to 12 mm at most) around an intraparenchymal hemorrhage."""
    width = rng.uniform(1, 8) * (1 + 0.4 * smooth_noise(anatomy.shape, anatomy.spacing, 12, rng))
    beyond = np.maximum(rank - np.float32(level), 0)
    with np.errstate(invalid="ignore"):
        fade = np.clip((width - beyond) / 2 + 0.5, 0, 1)
    return (-rng.uniform(6, 11) * np.where(np.isfinite(rank), fade, 0)).astype(np.float32)


def _placed(part: NDArray, anatomy: Anatomy) -> NDArray:
    """An array of the brain's box, put back on the whole grid, 0 around it."""
    whole = np.zeros(anatomy.shape, dtype=part.dtype)
    whole[anatomy.box] = part
    return whole
