"""Wrong choices meet a sentence that says what to choose instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from volumes import head_voxels, make_acquisition, make_scan, make_tilt, plain_affine

from ICHSegmentationLib.errors import (
    GeometryError,
    InputError,
    NoHeadError,
    NotHounsfieldError,
    NotThreeDimensionalError,
    WrongModalityError,
)

SHAPE = (6, 40, 36)


def of_class(name: str) -> Callable[[Any], Any]:
    return lambda scene: scene.AddNewNodeByClass(name, "Chosen")


def with_voxels(voxels: np.ndarray) -> Callable[[Any], Any]:
    return lambda scene: make_scan(scene, voxels=voxels, name="Chosen")


def colours(scene: Any) -> Any:
    import slicer

    node = scene.AddNewNodeByClass("vtkMRMLVectorVolumeNode", "Chosen")
    slicer.util.updateVolumeFromArray(node, np.zeros((*SHAPE, 3), np.uint8))
    return node


def colours_in_a_scalar_volume(scene: Any) -> Any:
    import slicer

    node = make_scan(scene, name="Chosen")
    image = slicer.vtkOrientedImageData()
    image.SetDimensions(4, 4, 4)
    image.AllocateScalars(3, 3)  # unsigned char, three components
    node.SetAndObserveImageData(image)
    return node


def labelmap(scene: Any) -> Any:
    import slicer

    node = scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "Chosen")
    slicer.util.updateVolumeFromArray(node, np.ones(SHAPE, np.uint8))
    return node


def mr_by_dicom(scene: Any) -> Any:
    scan = make_scan(scene, name="Chosen")
    hierarchy = scene.GetSubjectHierarchyNode()
    hierarchy.SetItemAttribute(hierarchy.GetItemByDataNode(scan), "DICOM.Modality", "MR")
    return scan


def warped(scene: Any) -> Any:
    """As by a registration of another head: the right side is moved, the left one is not."""
    import slicer

    transform = make_tilt(scene, plain_affine(SHAPE), SHAPE, [0.0, 0.0, 0.0])
    slicer.util.arrayFromGridTransform(transform)[3:, :, 1, 2] = 4.0
    slicer.util.arrayFromGridTransformModified(transform)
    return make_scan(scene, parent=transform, name="Chosen")


def folded(scene: Any) -> Any:
    """The fourth slice lies below the third."""
    moved = np.zeros((SHAPE[0], 3))
    moved[3, 2] = -7.0
    return make_scan(scene, parent=make_acquisition(scene, plain_affine(SHAPE), SHAPE, moved), name="Chosen")


def mr_voxels() -> np.ndarray:
    """Bright tissue of many values on a dark ground with a little noise."""
    rng = np.random.default_rng(1)
    tissue = head_voxels(SHAPE) > -500
    return np.where(tissue, rng.normal(450, 120, SHAPE), rng.rayleigh(6, SHAPE)).clip(0).astype(np.int16)


WRONG = {
    "nothing": (lambda scene: None, InputError, "none chosen"),
    "a model": (of_class("vtkMRMLModelNode"), InputError, "no volume"),
    "a segmentation": (of_class("vtkMRMLSegmentationNode"), InputError, "segmentation 'Chosen'"),
    "a labelmap": (labelmap, InputError, "segmentation 'Chosen'"),
    "a volume without voxels": (of_class("vtkMRMLScalarVolumeNode"), InputError, "no voxels"),
    "a colour volume": (colours, NotHounsfieldError, "colours"),
    "colours in a grey volume": (colours_in_a_scalar_volume, NotHounsfieldError, "colours"),
    "one slice": (with_voxels(head_voxels(SHAPE)[:1]), NotThreeDimensionalError, "flat image of 36 x 40 x 1"),
    "one column": (with_voxels(head_voxels(SHAPE)[..., :1]), NotThreeDimensionalError, "flat image"),
    "an MR by its values": (with_voxels(mr_voxels()), WrongModalityError, "Expected a CT in HU"),
    "a CT without rescale": (
        with_voxels(head_voxels(SHAPE) + 1024),
        WrongModalityError,
        "Expected a CT in HU",
    ),
    "an MR by its DICOM header": (mr_by_dicom, WrongModalityError, "modality MR"),
    "air": (with_voxels(np.full(SHAPE, -1000, np.int16)), NoHeadError, "nothing but air"),
    "noisy air": (
        with_voxels(np.random.default_rng(2).integers(-1024, -900, SHAPE).astype(np.int16)),
        NoHeadError,
        "nothing but air",
    ),
    "one value": (with_voxels(np.full(SHAPE, 40, np.int16)), NoHeadError, "single value"),
    "a warped scan": (warped, GeometryError, "'Acquisition transform' bends the scan 'Chosen' by up to"),
    "slices in another order": (folded, GeometryError, "flat, parallel slices in their order"),
}


@pytest.mark.parametrize(("choose", "kind", "said"), WRONG.values(), ids=WRONG)
def test_a_wrong_choice_is_told_with_what_to_do(
    scene: Any, choose: Callable[[Any], Any], kind: type[InputError], said: str
) -> None:
    from ICHSegmentationSlicerLib.scan_export import check_scan

    with pytest.raises(kind, match=said) as error:
        check_scan(choose(scene))
    assert type(error.value) is kind
    assert error.value.hint.endswith(".")


RIGHT = {
    "a head": head_voxels(SHAPE),
    "a head as floats": head_voxels(SHAPE).astype(np.float32) + 0.5,
    "a head whose air was set to 0": head_voxels(SHAPE).clip(0),
    "a brain without its skull": np.where(head_voxels(SHAPE) < 100, head_voxels(SHAPE), 0).clip(0),
    "two slices": head_voxels(SHAPE)[2:4],
}


@pytest.mark.parametrize("voxels", RIGHT.values(), ids=RIGHT)
def test_a_head_ct_passes(scene: Any, voxels: np.ndarray) -> None:
    from ICHSegmentationSlicerLib.scan_export import check_scan

    check_scan(make_scan(scene, voxels=voxels))


def test_a_ct_by_its_dicom_header_passes(scene: Any) -> None:
    from ICHSegmentationSlicerLib.scan_export import check_scan

    scan = make_scan(scene)
    hierarchy = scene.GetSubjectHierarchyNode()
    hierarchy.SetItemAttribute(hierarchy.GetItemByDataNode(scan), "DICOM.Modality", "CT")
    check_scan(scan)
