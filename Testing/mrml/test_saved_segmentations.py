"""A segmentation in a saved scene, which needs none of the files it came from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from placements import PLACEMENTS, blots, noise
from segments import FACTS, as_slicer_exports, segment_of
from volumes import load_bundle, save_bundle

from ICHSegmentationLib.io import read_ct, read_mask, write_mask
from ICHSegmentationLib.volume import Volume


@pytest.mark.parametrize("name", ["oblique", "left-handed", "sheared by its parent", "tilted by a grid"])
def test_a_saved_scene_comes_back_whole(scene: Any, name: str, tmp_path: Path) -> None:
    import slicer
    from ICHSegmentationSlicerLib.segmentation_nodes import (
        add_segmentation,
        edited_labels,
        mark_edited,
        mask_of,
        model_facts_of,
        segmentations_of,
        show,
    )  # fmt: skip

    scan = PLACEMENTS[name].scan(scene, noise())
    node = add_segmentation(scene, scan, blots(), FACTS)
    show(node, scan)
    mark_edited(segment_of(node, "hemorrhage"))
    load_bundle(scene, save_bundle(scene, tmp_path / "scene.mrb"))

    (scan,) = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
    (node,) = segmentations_of(scene, scan)
    # Slicer reads a left-handed volume with its slices the other way round, and the places stay the same.
    order = -1 if np.linalg.det(PLACEMENTS[name].affine) < 0 else 1
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(scan), noise()[::order])
    np.testing.assert_array_equal(mask_of(node, scan), blots()[::order])
    np.testing.assert_array_equal(as_slicer_exports(scene, node, scan, "subarachnoid"), blots()[::order] == 4)
    assert node.GetTransformNodeID() == scan.GetTransformNodeID()
    assert model_facts_of(node) == FACTS
    assert edited_labels(node) == ["hemorrhage"]
    assert segment_of(node, "subarachnoid").GetName() == "Subarachnoid hemorrhage"
    assert "35951006" in segment_of(node, "subarachnoid").GetTerminology()
    assert not node.GetDisplayNode().GetVisibility2DFill()


def test_nothing_needs_the_temporary_files_once_the_mask_is_shown(scene: Any, tmp_path: Path) -> None:
    import shutil

    import slicer
    from ICHSegmentationSlicerLib.scan_export import write_scan
    from ICHSegmentationSlicerLib.segmentation_nodes import add_segmentation, mask_of, segmentations_of, show

    work, kept = tmp_path / "work", tmp_path / "kept"
    scan = PLACEMENTS["oblique"].scan(scene, noise())
    read = read_ct(write_scan(scan, work / "scan.nii"))
    write_mask(Volume(blots(), read.affine), work / "mask.nii.gz", read)
    node = add_segmentation(scene, scan, read_mask(work / "mask.nii.gz").voxels, FACTS)
    show(node, scan)
    shutil.rmtree(work)

    for kind in ("vtkMRMLScalarVolumeNode", "vtkMRMLSegmentationNode"):
        for made in slicer.util.getNodesByClass(kind):
            files = [made.GetNthStorageNode(n).GetFileName() for n in range(made.GetNumberOfStorageNodes())]
            assert not [file for file in files if file and str(work) in file]
    load_bundle(scene, save_bundle(scene, kept / "scene.mrb"))
    (scan,) = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
    np.testing.assert_array_equal(mask_of(segmentations_of(scene, scan)[0], scan), blots())
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(scan), noise())
