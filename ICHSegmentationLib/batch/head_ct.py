"""Which DICOM series are head CTs, judged by modality, body part and geometry alone."""

from dataclasses import dataclass, field

import numpy as np

# Terms of DICOM's "Body Part Examined" (PS3.16, annex L) that mean the head or a part of it that shows the
# brain; HEADNECK is among them.
_HEAD_WORDS = ("HEAD", "BRAIN", "SKULL", "CRAN", "CEREB", "NEURO")
_NO_CONTRAST = ("", "NO", "NONE", "N/A", "WITHOUT")

# An adult head is 15 to 20 cm high and scans of it have fields of 20 to 28 cm. The limits leave room for
# parts of a head, for head and neck, and for a head with its holder.
SHORTEST_MM, LONGEST_MM = 60.0, 420.0
NARROWEST_MM, WIDEST_MM = 120.0, 400.0
STEEPEST_DEGREES = 50.0
"""Between the slices' normal and the long axis: gantries tilt by up to 30 degrees and heads lie tilted."""


@dataclass(frozen=True)
class Picture:
    """Where one slice lies.

    Attributes:
        position, normal: of its first pixel, LPS mm; of its plane.
        field_mm: its longer side.
    """

    position: tuple[float, ...]
    normal: tuple[float, ...]
    field_mm: float
    is_scout: bool


@dataclass
class SeriesFacts:
    """What the headers of a series say; texts are empty where a header says nothing.

    Attributes:
        pictures: its CT slices that have a place.
        has_pixels: whether any of its files holds an image.
    """

    modality: str
    has_pixels: bool
    body_part: str
    contrast: str
    pictures: list[Picture] = field(default_factory=list)


def reason_against(series: SeriesFacts) -> str:
    """Why a series is not taken for a non-contrast head CT; empty for one that is."""
    if not series.has_pixels:
        return f"no images (modality {series.modality or 'unknown'})"
    if series.modality != "CT":
        return f"modality {series.modality or 'unknown'}, not CT"
    if series.body_part and not any(word in series.body_part.upper() for word in _HEAD_WORDS):
        return f"body part {series.body_part}, not the head"
    if series.contrast.upper() not in _NO_CONTRAST:
        return "a contrast agent was given"
    if not series.pictures:
        return "its images have no place in the patient"
    return _against_geometry([picture for picture in series.pictures if not picture.is_scout])


def _against_geometry(slices: list[Picture]) -> str:
    if not slices:
        return "a scout"
    positions = np.array([s.position for s in slices])
    normals = np.array([s.normal for s in slices])
    if not np.isfinite(positions).all() or not (lengths := np.linalg.norm(normals, axis=1)).all():
        return "its images have no place in the patient"
    degrees = np.degrees(np.arccos(np.minimum(np.abs(normals[:, 2]) / lengths, 1.0)))
    if np.median(degrees) > STEEPEST_DEGREES:
        return f"slices at {np.median(degrees):.0f} degrees to the axial plane"
    along = positions @ (normals[0] / lengths[0])
    places = len(np.unique(np.round(along, 1)))
    if 2 * places <= len(slices):
        return f"{len(slices)} images at {places} places: a scan over time"
    high = float(np.ptp(along))
    if not SHORTEST_MM <= high <= LONGEST_MM:
        limits = f"{SHORTEST_MM:.0f} to {LONGEST_MM:.0f}"
        return f"{high:.0f} mm from the first to the last slice; expected {limits}"
    wide = max(s.field_mm for s in slices)
    if not NARROWEST_MM <= wide <= WIDEST_MM:
        return f"pictures {wide:.0f} mm wide; expected {NARROWEST_MM:.0f} to {WIDEST_MM:.0f}"
    return ""
