"""Segments in the words of SNOMED CT, as Slicer's own terminology logic reads them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from boot import Booted
from volumes import make_scan

from ICHSegmentationLib.labels import LABELS, Label

IDS = [label.id for label in LABELS]


def region_codes(logic: Any, context: str) -> dict[str, str]:
    """Meaning of each region in a context that Slicer has loaded, by code."""
    import slicer

    found = {}
    for number in range(logic.GetNumberOfRegionsInRegionContext(context)):
        region = slicer.vtkSlicerTerminologyType()
        assert logic.GetNthRegionInRegionContext(context, number, region)
        found[region.GetCodeValue()] = region.GetCodeMeaning()
    return found


def entry_of(booted: Booted, label: Label) -> Any:
    """The terminology of the segment of one label, read by Slicer."""
    import slicer
    from ICHSegmentationSlicerLib.segmentation_nodes import add_segmentation

    mask = np.zeros((6, 40, 36), np.uint8)
    mask[2:4, 10:20, 10:20] = label.value
    node = add_segmentation(booted.scene, make_scan(booted.scene), mask, None)
    entry = slicer.vtkSlicerTerminologyEntry()
    text = node.GetSegmentation().GetSegment(label.id).GetTerminology()
    assert booted.logics["Terminologies"].DeserializeTerminologyEntry(text, entry)
    return entry


REGIONS = {
    "hemorrhage": ("1101003", "Intracranial"),
    "intraparenchymal": ("12738006", "Brain"),
    "intraventricular": ("35764002", "Brain ventricle"),
    "subarachnoid": ("35951006", "Subarachnoid space"),
    "subdural": ("54214006", "Subdural space"),
    "epidural": ("1101003", "Intracranial"),
}


@pytest.mark.parametrize("label", LABELS, ids=IDS)
def test_slicer_reads_the_codes_of_each_label(booted: Booted, label: Label) -> None:
    from ICHSegmentationSlicerLib.terminology import REGIONS as CONTEXT

    entry = entry_of(booted, label)
    category, kind, region = entry.GetCategoryObject(), entry.GetTypeObject(), entry.GetRegionObject()
    assert entry.GetTerminologyContextName() == "Segmentation category and type - DICOM master list"
    assert (category.GetCodingSchemeDesignator(), category.GetCodeValue()) == ("SCT", "49755003")
    assert (kind.GetCodingSchemeDesignator(), kind.GetCodeValue()) == ("SCT", "50960005")
    assert kind.GetCodeMeaning() == "Hemorrhage"
    assert entry.GetRegionContextName() == CONTEXT
    assert region.GetCodingSchemeDesignator() == "SCT"
    assert (region.GetCodeValue(), region.GetCodeMeaning()) == REGIONS[label.id]


def test_slicer_loads_the_regions_and_finds_those_of_every_label(booted: Booted) -> None:
    from ICHSegmentationSlicerLib.terminology import REGIONS as CONTEXT
    from ICHSegmentationSlicerLib.terminology import load_regions

    logic = booted.logics["Terminologies"]
    assert load_regions(logic)
    known = region_codes(logic, CONTEXT)
    for label in LABELS:
        assert known[label.region.value] == label.region.meaning


def test_regions_that_cannot_be_read_are_told(booted: Booted, monkeypatch: pytest.MonkeyPatch) -> None:
    from ICHSegmentationSlicerLib import terminology

    monkeypatch.setattr(terminology, "REGIONS_FILE", terminology.REGIONS_FILE.with_name("absent.json"))
    assert not terminology.load_regions(booted.logics["Terminologies"])


@pytest.mark.parametrize("label", LABELS, ids=IDS)
def test_the_label_of_a_segment_is_found_again(scene: Any, label: Label) -> None:
    import slicer
    from ICHSegmentationSlicerLib.terminology import describe, label_of

    segment = slicer.vtkSegment()
    describe(segment, label)
    assert label_of(segment) == label
    segment.SetName("")
    same_region = [other for other in LABELS if other.region == label.region]
    assert label_of(segment) == same_region[0]


def test_a_lone_segment_without_a_name_is_hemorrhage(scene: Any) -> None:
    import slicer
    from ICHSegmentationSlicerLib.terminology import label_of

    segment = slicer.vtkSegment()
    segment.SetName("Segment_1")
    assert label_of(segment, only=True).id == "hemorrhage"
