"""The button: from a scan to a shown result, and every way in which that may end otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import slicer
from opening import PlannedSetup, bleed_mask, erase_half, segmentations, shown
from volumes import make_scan

from ICHSegmentationLib.errors import DependencyError, ModelNotFoundError


def test_the_scan_in_view_is_chosen_already(opened: Any, scan: Any) -> None:
    assert opened(PlannedSetup()).ui.scanSelector.currentNode() is scan


def test_a_run_ends_in_a_segmentation_with_its_numbers(opened: Any, scan: Any, scene: Any) -> None:
    panel = shown(opened, scan)
    (node,) = segmentations(scene)
    assert node.GetName() == "CT hemorrhage"
    volume_ml = np.count_nonzero(bleed_mask(scan)) * 0.5 * 0.5 * 5 / 1000
    assert panel.said("headlineLabel") == f"{volume_ml:.2f} mL in 1 lesion"
    assert [row[0] for row in panel.table()] == ["Total", "Intraparenchymal hemorrhage", "Lesion 1 (IPH)"]
    assert {row[1] for row in panel.table()} == {f"{volume_ml:.2f}"}
    assert scene.GetFirstNodeByClass("vtkMRMLTableNode").GetNumberOfRows() == 3
    segment = node.GetSegmentation().GetNthSegment(0)
    assert panel.settle(lambda: segment.GetRepresentation("Closed surface") is not None, 60)


def test_the_numbers_are_shown_before_the_surfaces_are_made(opened: Any, scan: Any, scene: Any) -> None:
    setup = PlannedSetup()
    panel = opened(setup)
    panel.press("applyButton")
    made: list[bool] = []

    def note() -> None:
        if panel.panel.session.measurements is not None:
            (node,) = segmentations(scene)
            surface = node.GetSegmentation().GetNthSegment(0).GetRepresentation("Closed surface")
            made.append(surface is not None)

    panel.panel.session.listen(note)
    setup.worker.finish(bleed_mask(scan))
    assert panel.settle(lambda: bool(made), 60)
    assert made[0] is False
    assert panel.settle(lambda: not panel.panel._scan._run.finishing, 60)
    note()
    assert made[-1] is True


def test_while_it_runs_progress_is_shown_and_the_button_is_not(opened: Any, scan: Any) -> None:
    setup = PlannedSetup()
    panel = opened(setup)
    assert panel.ui.progressWidget.isHidden()
    panel.press("applyButton")
    assert not panel.ui.progressWidget.isHidden()
    assert panel.ui.applyButton.isHidden()
    assert not panel.ui.scanSelector.isEnabled()
    setup.worker.progress("locate", 0.4)
    assert panel.ui.progressBar.value() == 400
    assert panel.said("stageLabel").startswith("Looking for hemorrhage")


def test_the_remaining_time_is_told_and_counts_down(opened: Any, scan: Any) -> None:
    setup = PlannedSetup()
    panel = opened(setup)
    panel.press("applyButton")
    clock = panel.panel._scan._remaining
    clock._began -= 17  # as if it had begun so many seconds ago
    setup.worker.progress("refine", 0.5)
    assert panel.said("stageLabel") == "Outlining · about 20 s left"
    clock._end -= 10
    panel.settle(seconds=1.2)
    assert panel.said("stageLabel") == "Outlining · about 10 s left"


def test_the_worker_is_given_the_scan_and_the_choices(opened: Any, scan: Any) -> None:
    from ICHSegmentationLib.io import read_ct

    setup = PlannedSetup()
    panel = opened(setup)
    panel.ui.modelComboBox.setCurrentIndex(1)
    panel.ui.deviceComboBox.setCurrentIndex(1)
    panel.ui.uncertaintyComputeCheckBox.setChecked(True)
    panel.press("applyButton")
    given = setup.worker.started
    assert (given.settings.model, given.settings.device, given.settings.uncertainty) == (
        "another",
        "cpu",
        True,
    )

    np.testing.assert_array_equal(read_ct(given.scan).voxels, slicer.util.arrayFromVolume(scan))


def test_cancel_ends_the_worker_and_leaves_the_scene_as_it_was(opened: Any, scan: Any, scene: Any) -> None:
    setup = PlannedSetup()
    panel = opened(setup)
    panel.press("applyButton")
    folder = setup.worker.started.out_dir
    panel.press("cancelButton")
    assert setup.worker.cancelled
    assert panel.said() == "Cancelled. The scene is as it was."
    assert not panel.ui.applyButton.isHidden()
    assert not segmentations(scene)
    assert not folder.exists()


def test_cancel_before_the_worker_began_starts_none(opened: Any, scan: Any) -> None:
    setup = PlannedSetup()
    panel = opened(setup)
    panel.ui.applyButton.click()
    panel.ui.cancelButton.click()
    panel.settle()
    assert not setup.workers
    assert panel.said().startswith("Cancelled")


def test_no_hemorrhage_is_a_result(opened: Any, scan: Any, scene: Any) -> None:
    panel = shown(opened, scan, bleed_mask(scan, 0))
    assert panel.said("headlineLabel") == "No hemorrhage segmented"
    assert "nothing was outlined" in panel.said("notableLabel")
    assert len(segmentations(scene)) == 1
    assert not panel.ui.tadaShowCheckBox.isEnabled()


def test_a_failure_is_told_in_its_own_words_and_another_run_may_follow(opened: Any, scan: Any) -> None:
    setup = PlannedSetup()
    panel = opened(setup)
    panel.press("applyButton")
    setup.worker.fail("memory", "The memory did not suffice.", "Close other programs.")
    assert panel.said() == "The memory did not suffice.\nClose other programs."
    panel.press("applyButton")
    assert panel.said() == ""
    assert len(setup.workers) == 2


def test_a_worker_that_is_gone_is_told_with_its_last_lines(opened: Any, scan: Any) -> None:
    setup = PlannedSetup()
    panel = opened(setup)
    panel.press("applyButton")
    setup.worker.fail("crashed", "The run crashed.", "Its last lines:\nSegmentation fault")
    assert "Segmentation fault" in panel.said()


def test_missing_packages_are_offered_to_be_installed(opened: Any, scan: Any) -> None:
    setup = PlannedSetup(DependencyError("PyTorch is not installed.", "Install it."))
    panel = opened(setup)
    panel.press("applyButton")
    assert panel.said() == "PyTorch is not installed.\nInstall it."
    assert panel.ui.remedyButton.text() == "Install packages"
    assert not setup.workers
    panel.press("remedyButton")
    assert setup.installed == 1
    assert panel.ui.remedyButton.isHidden()
    panel.press("applyButton")
    assert setup.worker.started


@pytest.mark.parametrize("code", ["model_not_found", "model_tampered", "device"])
def test_a_model_or_device_that_cannot_be_used_leads_to_the_set_up(opened: Any, scan: Any, code: str) -> None:
    setup = PlannedSetup()
    panel = opened(setup)
    panel.press("applyButton")
    setup.worker.fail(code, "The model is not the one.", "Choose another.")
    assert panel.ui.setupCollapsibleButton.collapsed
    panel.press("remedyButton")
    assert not panel.ui.setupCollapsibleButton.collapsed


def test_a_missing_model_is_told_before_anything_starts(opened: Any, scan: Any) -> None:
    setup = PlannedSetup(ModelNotFoundError("There is no such model.", "Choose another."))
    panel = opened(setup)
    panel.press("applyButton")
    assert panel.said() == "There is no such model.\nChoose another."
    assert not setup.workers


def test_no_scan_meets_a_sentence(opened: Any, scene: Any) -> None:
    panel = opened(PlannedSetup())
    panel.press("applyButton")
    assert panel.said() == "Expected a CT, found none chosen.\nLoad a head CT and choose it."


def test_an_mr_meets_a_sentence(opened: Any, scene: Any) -> None:
    generator = np.random.default_rng(0)
    make_scan(scene, voxels=generator.integers(0, 900, (6, 40, 36)).astype(np.int16))
    panel = opened(PlannedSetup())
    panel.press("applyButton")
    assert "MR" in panel.said()


def test_a_flat_image_meets_a_sentence(opened: Any, scene: Any) -> None:
    make_scan(scene, voxels=np.full((1, 40, 36), 30, np.int16))
    panel = opened(PlannedSetup())
    panel.press("applyButton")
    assert "flat image" in panel.said()


def test_a_full_disk_meets_a_sentence(opened: Any, scan: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from ICHSegmentationSlicerLib import run_folder

    usage = type("Usage", (), {"free": 3_000_000})
    monkeypatch.setattr(run_folder.shutil, "disk_usage", lambda path: usage)
    setup = PlannedSetup()
    panel = opened(setup)
    panel.press("applyButton")
    assert "found 3 MB" in panel.said()
    assert not setup.workers


def test_a_scan_that_is_segmented_already_may_get_another_segmentation(
    opened: Any, scan: Any, scene: Any
) -> None:
    setup = PlannedSetup()
    panel = shown(opened, scan, setup=setup)
    offered = [panel.ui.targetComboBox.itemText(n) for n in range(panel.ui.targetComboBox.count())]
    assert offered == ["A new segmentation", "Replace CT hemorrhage"]
    assert not panel.ui.targetComboBox.isHidden()
    panel.press("applyButton")
    setup.worker.finish(bleed_mask(scan))
    assert panel.settle(lambda: len(segmentations(scene)) == 2, 60)


def test_a_scan_that_is_segmented_already_may_have_it_replaced(opened: Any, scan: Any, scene: Any) -> None:
    setup = PlannedSetup()
    panel = shown(opened, scan, setup=setup)
    (before,) = segmentations(scene)
    panel.ui.targetComboBox.setCurrentIndex(1)
    panel.press("applyButton")
    setup.worker.finish(bleed_mask(scan, 5))
    assert panel.settle(lambda: "Subdural" in str(panel.table()), 60)
    assert segmentations(scene) == [before]


def test_a_scan_removed_in_mid_run_is_told_and_nothing_is_added(opened: Any, scan: Any, scene: Any) -> None:
    setup = PlannedSetup()
    panel = opened(setup)
    panel.press("applyButton")
    mask = bleed_mask(scan)
    scene.RemoveNode(scan)
    nodes = scene.GetNumberOfNodes()
    setup.worker.finish(mask)
    assert panel.settle(lambda: not panel.panel.running, 60)
    panel.settle()
    assert panel.said() == (
        "The scan was removed while it was segmented.\nLoad it again, choose it and segment it."
    )
    assert scene.GetNumberOfNodes() == nodes
    assert panel.panel.session.scan is None
    make_scan(scene)
    panel.ui.scanSelector.setCurrentIndex(1)
    panel.press("applyButton")
    assert len(setup.workers) == 2


def test_a_scan_removed_before_the_worker_began_is_told(opened: Any, scan: Any, scene: Any) -> None:
    setup = PlannedSetup()
    panel = opened(setup)
    mask = bleed_mask(scan)
    panel.ui.applyButton.click()
    scene.RemoveNode(scan)
    panel.settle()
    setup.worker.finish(mask)
    assert panel.settle(lambda: not panel.panel.running, 60)
    assert panel.said().startswith("The scan was removed")
    assert not segmentations(scene)


def test_where_the_one_to_replace_is_removed_in_mid_run_a_new_one_is_made(
    opened: Any, scan: Any, scene: Any
) -> None:
    setup = PlannedSetup()
    panel = shown(opened, scan, setup=setup)
    (before,) = segmentations(scene)
    panel.ui.targetComboBox.setCurrentIndex(1)
    panel.press("applyButton")
    scene.RemoveNode(before)
    setup.worker.finish(bleed_mask(scan, 5))
    assert panel.settle(lambda: "Subdural" in str(panel.table()), 60)
    (made,) = segmentations(scene)
    assert made is panel.panel.session.segmentation is panel.state.segmentation
    assert made is not before
    assert not panel.said()


def test_the_scans_file_is_gone_after_the_run_and_the_report_is_not(opened: Any, scan: Any) -> None:
    setup = PlannedSetup()
    panel = shown(opened, scan, setup=setup)
    given = setup.worker.started
    assert not given.scan.exists()
    assert (given.out_dir / given.scan.stem / "report.html").exists()
    assert panel.panel.session.result_folder == given.out_dir / given.scan.stem


def test_a_result_that_cannot_be_read_is_told(opened: Any, scan: Any) -> None:
    setup = PlannedSetup()
    panel = opened(setup)
    panel.press("applyButton")

    def spoil(folder: Path) -> None:
        (folder / "segmentation.nii.gz").write_bytes(b"no image")

    setup.worker.finish(bleed_mask(scan), spoil)
    assert panel.settle(lambda: not panel.panel.running, 60)
    assert panel.said()


@pytest.mark.parametrize("label", [0, 2])
def test_a_case_that_needs_a_second_look_says_so_first(
    opened: Any, scan: Any, scene: Any, label: int
) -> None:
    setup = PlannedSetup()
    panel = opened(setup)
    panel.press("applyButton")
    reason = "A region of 1.2 mL that may be hemorrhage was left out of the outline."
    unsure = {"unsure_ml": 1.2, "second_look": True, "reasons": [reason]}
    setup.worker.finish(bleed_mask(scan, label), more={"uncertainty": unsure})
    assert panel.settle(lambda: panel.panel.session.measurements is not None, 60)
    assert f"This case needs a second look.\n{reason}" in panel.said("notableLabel")
    assert reason in panel.said("uncertaintyLabel")
    if label:
        panel.settle()
        erase_half(scene, scan)
        assert panel.settle(lambda: panel.panel.session.measurements.get("edited"), 60)
        for where in ("notableLabel", "uncertaintyLabel"):
            assert f"before it was edited, needed a second look.\n{reason}" in panel.said(where)


def test_the_map_of_a_run_is_shown_over_the_slices_and_taken_away(opened: Any, scan: Any, scene: Any) -> None:
    view = scene.AddNewNodeByClass("vtkMRMLSliceCompositeNode")
    setup = PlannedSetup()
    panel = opened(setup)
    assert not panel.ui.uncertaintyShowCheckBox.isEnabled()
    panel.press("applyButton")
    setup.worker.finish(bleed_mask(scan), with_map=True)
    assert panel.settle(lambda: panel.ui.uncertaintyShowCheckBox.isEnabled(), 60)
    panel.ui.uncertaintyShowCheckBox.setChecked(True)
    assert scene.GetNodeByID(view.GetForegroundVolumeID()).GetName() == "CT uncertainty"
    panel.ui.uncertaintyShowCheckBox.setChecked(False)
    assert not view.GetForegroundVolumeID()
