"""Can this node be segmented? Told in a sentence before any work starts."""

from __future__ import annotations

import numpy as np
import slicer
from numpy.typing import NDArray

from ICHSegmentationLib.errors import (
    InputError,
    NotHounsfieldError,
    NotThreeDimensionalError,
    WrongModalityError,
)
from ICHSegmentationLib.preparation.checks import check_ct
from ICHSegmentationLib.volume import CTVolume

from .translation import tr as _

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


def check_values(ct: CTVolume) -> None:
    """Raise unless the voxels look like a head CT in HU.

    Raises:
        WrongModalityError: the values run like those of an MR.
        NoHeadError, NotHounsfieldError, NonFiniteError: see :func:`ICHSegmentationLib.preparation.checks`.
    """
    check_ct(ct)
    sample = ct.voxels[:, ::_SAMPLE, ::_SAMPLE]
    if looks_like_mr(sample):
        raise WrongModalityError(
            _(
                "Expected a CT (air -1000 HU, brain 20 to 45), found values from {low:g} to {high:g}, as of an MR."
            ).format(low=float(sample.min()), high=float(sample.max())),
            _("Choose the non-contrast head CT."),
        )


def looks_like_mr(sample: NDArray[np.generic]) -> bool:
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
    if not item:
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
