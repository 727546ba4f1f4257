"""The phantoms of Slicer's Sample Data module, with small ones in their place."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from heads import make_phantom

SHAPE, SPACING = (14, 96, 96), (5.0, 2.4, 2.4)  # the upper half of the head, coarse


@pytest.fixture
def sample_data(scene: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    from ICHSegmentationSlicerLib import sample_data

    from ICHSegmentationLib import phantom

    monkeypatch.setattr(phantom, "make_phantom", partial(make_phantom, shape=SHAPE, spacing=SPACING))
    return sample_data


@pytest.fixture
def offered(sample_data: Any, monkeypatch: pytest.MonkeyPatch) -> list[SimpleNamespace]:
    """What the Sample Data module was given; only its registry stands in."""
    import slicer

    sources: list[SimpleNamespace] = []

    class SampleDataLogic:
        @staticmethod
        def registerCustomSampleDataSource(
            category: str,
            sampleName: str,
            uris: str,
            fileNames: str,
            nodeNames: str,
            customDownloader: Any,
            thumbnailFileName: str,
        ) -> None:
            sources.append(SimpleNamespace(**locals()))
            slicer.modules.sampleDataSources.setdefault(category, []).append(sources[-1])

    monkeypatch.setitem(sys.modules, "SampleData", SimpleNamespace(SampleDataLogic=SampleDataLogic))
    monkeypatch.setattr(slicer.modules, "sampleDataSources", {}, raising=False)
    sample_data.register()
    return sources


def affine_of(node: Any) -> np.ndarray:
    import slicer
    import vtk

    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    return slicer.util.arrayFromVTKMatrix(matrix)


def test_a_sample_is_the_phantom_that_the_library_paints(sample_data: Any, scene: Any) -> None:
    import slicer

    from ICHSegmentationLib.phantom import make_phantom

    node = sample_data.add_sample(scene, sample_data.HEAD)
    truth = make_phantom(12, "intraparenchymal", 22.0)
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(node), truth.ct.voxels)
    np.testing.assert_allclose(affine_of(node), truth.ct.affine)


def test_the_follow_up_is_the_same_head_lying_otherwise_with_a_larger_hemorrhage(
    sample_data: Any, scene: Any
) -> None:
    import slicer

    first = sample_data.add_sample(scene, sample_data.HEAD)
    second = sample_data.add_sample(scene, sample_data.FOLLOW_UP)
    moved = affine_of(second) @ np.linalg.inv(affine_of(first))
    np.testing.assert_allclose(moved[:3, :3] @ moved[:3, :3].T, np.eye(3), atol=1e-9)
    assert np.linalg.norm(moved[:3, 3]) > 5
    earlier, later = (slicer.util.arrayFromVolume(node).astype(int) for node in (first, second))
    assert np.mean(np.abs(later - earlier) > 3) < 0.05, "more than the hemorrhage differs"
    assert 6 < np.sum(later - earlier > 12) * np.prod(SPACING) / 1000 < 20  # mL; the true growth is 12


def test_an_open_sample_data_module_shows_them_and_a_second_call_adds_none(
    sample_data: Any, offered: list[SimpleNamespace], monkeypatch: pytest.MonkeyPatch
) -> None:
    import slicer

    drawn: list[Any] = []
    shown = SimpleNamespace(categoryLayout="layout", logic="logic")
    shown.setCategoriesFromSampleDataSources = lambda *given: drawn.append(given)
    monkeypatch.setattr(slicer.modules, "SampleDataWidget", shown, raising=False)
    sample_data.register()
    assert len(offered) == 2
    assert not drawn
    slicer.modules.sampleDataSources.clear()
    sample_data.register()
    assert len(offered) == 4
    assert drawn == [("layout", slicer.modules.sampleDataSources, "logic")]


def test_the_sample_data_module_is_offered_two_phantoms_with_a_picture(
    offered: list[SimpleNamespace],
) -> None:
    from PIL import Image

    assert [source.sampleName for source in offered] == ["Head CT phantom", "Head CT phantom, next day"]
    assert {source.category for source in offered} == {"ICHSegmentation"}
    for source in offered:
        assert min(Image.open(source.thumbnailFileName).size) >= 128


def test_pressing_a_sample_shows_its_scan_without_any_network(
    offered: list[SimpleNamespace], scene: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    import slicer

    shown: list[Any] = []
    monkeypatch.setattr(socket, "socket", lambda *_: pytest.fail("something asked for the network"))
    monkeypatch.setattr(slicer.util, "WaitCursor", nullcontext)
    monkeypatch.setattr(slicer.util, "showStatusMessage", lambda *_: None)
    monkeypatch.setattr(slicer.util, "setSliceViewerLayers", lambda background, fit: shown.append(background))
    nodes = offered[0].customDownloader(offered[0]) + offered[0].customDownloader(offered[0])
    assert shown == nodes
    assert [node.GetName() for node in nodes] == ["Head CT phantom", "Head CT phantom_1"]
    assert scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == 2
