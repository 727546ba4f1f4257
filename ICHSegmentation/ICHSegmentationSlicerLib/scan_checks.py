"""Can this node be segmented? Told in a sentence before any work starts."""

from __future__ import annotations

from typing import Any

import numpy as np
import slicer
from numpy.typing import NDArray

from ICHSegmentationLib.errors import (
    InputError,
    NoHeadError,
    NotHounsfieldError,
    NotThreeDimensionalError,
    WrongModalityError,
)

from .translation import tr as _

ALL_AIR_HU = -500.0
NO_AIR_HU = -200.0
"""Above this, a volume holds no air as CT shows it."""

BRAIN_TOP_HU = 100.0
SOFT_SHARE = 70
"""Percent of a head without its air that lies below BRAIN_TOP_HU on any CT: bone is less than a third."""

_SAMPLE = 4
"""Voxels between samples in plane when only the range of the values matters."""


def check_volume_node(node: slicer.vtkMRMLNode | None) -> None:
    """Raise unless the node is a volume with one number per voxel and more than one slice.

    Raises:
        InputError: no node; a segmentation, a labelmap or another kind of node; a volume without voxels.
        NotHounsfieldError: a colour or vector volume.
        NotThreeDimensionalError: a flat image.
        WrongModalityError: DICOM says that it is no CT.
    """
    if node is None:
        raise InputError(_("Expected a CT, found none chosen."), _("Load a head CT and choose it."))
    _require_scalar_volume(node)
    image = node.GetImageData()
    if image is None or image.GetNumberOfPoints() == 0:
        raise InputError(
            _("Expected a CT, found that '{name}' holds no voxels.").format(name=node.GetName()),
            _("Load the scan again."),
        )
    if image.GetNumberOfScalarComponents() != 1:
        raise _colours(node)
    if min(image.GetDimensions()) < 2:
        size = " x ".join(str(n) for n in image.GetDimensions())
        raise NotThreeDimensionalError(
            _("Expected a scan of several slices, found a flat image of {size} voxels in '{name}'.").format(
                size=size, name=node.GetName()
            ),
            _("Choose the whole scan, not one picture of it."),
        )
    _require_ct_in_dicom(node)


def check_values(voxels: NDArray[Any]) -> None:
    """Raise unless values ``[D, H, W]`` can be those of a head CT in HU.

    The process that segments looks closer and tells its findings in the same way; this only spares the wait.

    Raises:
        NoHeadError: nothing but air, or one value.
        WrongModalityError: the values run like those of an MR, or of a CT saved without its rescale.
    """
    sample = voxels[:, ::_SAMPLE, ::_SAMPLE]
    found = {"low": float(sample.min()), "high": float(sample.max())}
    if found["low"] == found["high"] or found["high"] < ALL_AIR_HU:
        raise NoHeadError(
            _("Expected a head, found nothing but air or a single value (HU {low:g} to {high:g}).").format(
                **found
            ),
            _("Choose the series that shows the head."),
        )
    if looks_unlike_ct(sample):
        raise WrongModalityError(
            _(
                "Expected a CT in HU (air -1000, brain 20 to 45), found values from {low:g} to {high:g}."
            ).format(**found),
            _("Choose the head CT: neither an MR nor a CT saved without its rescale can be segmented."),
        )


def looks_unlike_ct(sample: NDArray[Any]) -> bool:
    """Whether values ``[...]`` have no air and too few of brain's HU for a CT whose air was cut off."""
    if float(sample.min()) < NO_AIR_HU:
        return False
    tissue = sample[sample > 0]
    return bool(tissue.size) and float(np.percentile(tissue, SOFT_SHARE)) > BRAIN_TOP_HU


def _require_scalar_volume(node: slicer.vtkMRMLNode) -> None:
    if node.IsA("vtkMRMLSegmentationNode") or node.IsA("vtkMRMLLabelMapVolumeNode"):
        raise InputError(
            _("Expected a CT, found the segmentation '{name}'.").format(name=node.GetName()),
            _("Choose the scan that it was drawn on."),
        )
    if node.IsA("vtkMRMLTensorVolumeNode"):  # the base class of vector volumes too
        raise _colours(node)
    if not node.IsA("vtkMRMLScalarVolumeNode"):
        raise InputError(
            _("Expected a CT, found that '{name}' is no volume.").format(name=node.GetName()),
            _("Choose the head CT."),
        )


def _colours(node: slicer.vtkMRMLNode) -> NotHounsfieldError:
    return NotHounsfieldError(
        _("Expected one number per voxel, found colours or vectors in '{name}'.").format(name=node.GetName()),
        _("Choose the CT itself, not a coloured picture of it."),
    )


def _require_ct_in_dicom(node: slicer.vtkMRMLVolumeNode) -> None:
    hierarchy = node.GetScene().GetSubjectHierarchyNode() if node.GetScene() else None
    item = hierarchy.GetItemByDataNode(node) if hierarchy else 0
    if hierarchy is None or not item:
        return
    name = slicer.vtkMRMLSubjectHierarchyConstants.GetDICOMSeriesModalityAttributeName()
    modality = hierarchy.GetItemAttribute(item, name)
    if modality and modality != "CT":
        raise WrongModalityError(
            _("Expected a CT, found that '{name}' has the modality {modality}.").format(
                name=node.GetName(), modality=modality
            ),
            _("Choose the non-contrast head CT."),
        )
