"""Series whose headers are not quite DICOM: a SEG, a report and pictures can be made of them all the same."""

import copy

import numpy as np
import pydicom
import pytest
from dicom_maker import enhanced_dataset, head_series
from seg_series import MODEL, a_mask, written

from ICHSegmentationLib.errors import InputError
from ICHSegmentationLib.io import read_ct, read_mask, write_mask
from ICHSegmentationLib.io.dicom_sr import write_sr
from ICHSegmentationLib.io.secondary_capture import write_pictures
from ICHSegmentationLib.measurement import measure

pytest.importorskip("highdicom")

WARNING = "Hemorrhage likely on slices 5\u20139, at 12\u00b0."
WARNING_IN_ASCII = "Hemorrhage likely on slices 5-9, at 12 degrees."


def results(folder, ct):
    """The SEG, the report and a picture of a scan, read again."""
    mask = a_mask(ct)
    write_mask(mask, folder / "seg.dcm", ct, MODEL)
    np.testing.assert_array_equal(read_mask(folder / "seg.dcm", ct).voxels, mask.voxels)
    measured = {**measure(mask).to_dict(), "research_use_only": "Research.", "warnings": [WARNING]}
    write_sr(measured, folder / "seg.dcm", ct, folder / "report.dcm", MODEL)
    (picture,) = write_pictures([np.zeros((20, 30, 3), np.uint8)], folder / "pictures", ct)
    return [pydicom.dcmread(path) for path in (folder / "seg.dcm", folder / "report.dcm", picture)]


@pytest.mark.parametrize(
    ("character_set", "name"),
    [
        (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        (["", "ISO 2022 IR 149"], "Hong^Gildong=洪^吉洞=홍^길동"),
        ("GB18030", "Wang^XiaoDong=王^小东"),
        ("ISO_IR 144", "Иванов^Иван"),
        ("ISO 2022 IR 100", "Müller^Jörg"),
        ("ISO_IR 6", "Phantom^Head"),
        ("", "Phantom^Head"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_names_stay_readable_whatever_character_set_the_series_has(tmp_path, character_set, name):
    def spell(dataset, index):
        dataset.SpecificCharacterSet, dataset.PatientName = character_set, name

    _, ct = written(tmp_path / "ct", change=spell)
    made = results(tmp_path, ct)
    assert [str(dataset.PatientName) for dataset in made] == [name] * 3
    comments = [item.get("TextValue") for item in made[1].ContentSequence]
    assert (WARNING if made[1].SpecificCharacterSet == "ISO_IR 192" else WARNING_IN_ASCII) in comments


@pytest.mark.parametrize("character_set", [None, "ISO_IR 100"])
@pytest.mark.filterwarnings("ignore")
def test_names_in_another_character_set_than_the_header_says_stay_as_they_are(tmp_path, character_set):
    def spell(dataset, index):
        if character_set:
            dataset.SpecificCharacterSet = character_set
        dataset.PatientName = "王^小东".encode("gb18030").decode("latin-1")

    _, ct = written(tmp_path / "ct", change=spell)
    made = results(tmp_path, ct)
    assert [dataset.PatientName.original_string for dataset in made] == ["王^小东".encode("gb18030")] * 3
    assert [dataset.get("SpecificCharacterSet") for dataset in made] == [character_set] * 3
    assert WARNING_IN_ASCII in [item.get("TextValue") for item in made[1].ContentSequence]


@pytest.mark.parametrize(
    ("tag", "value", "kept"),
    [
        ("PatientSex", "U", ""),
        ("PatientSex", "f", "F"),
        ("PatientBirthDate", "00000000", ""),
        ("PatientBirthDate", "1950-02-03", ""),
        ("PatientBirthDate", "19500203", "19500203"),
        ("StudyDate", "2020", ""),
        ("StudyTime", "10:11:12", ""),
        ("PatientName", ["A^B", "C^D"], "A^B"),
        ("ReferringPhysicianName", ["A^B", "C^D"], "A^B"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_what_dicom_does_not_know_is_emptied(tmp_path, tag, value, kept):
    _, ct = written(tmp_path / "ct", change=lambda dataset, index: setattr(dataset, tag, value))
    assert [str(dataset[tag].value or "") for dataset in results(tmp_path, ct)] == [kept] * 3


@pytest.mark.parametrize("thickness", ["", "0"])
def test_a_thickness_that_is_none_is_the_distance_of_the_slices(tmp_path, thickness):
    _, ct = written(
        tmp_path / "ct", change=lambda dataset, index: setattr(dataset, "SliceThickness", thickness)
    )
    seg, *_ = results(tmp_path, ct)
    assert seg.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].SliceThickness == 5


def test_slices_whose_orientation_is_rounded_otherwise_take_a_seg(tmp_path):
    def turn(dataset, index):
        dataset.ImageOrientationPatient = [1, 0.0001 * (index % 2), 0, 0, 1, 0]

    _, ct = written(tmp_path / "ct", change=turn)
    results(tmp_path, ct)


@pytest.mark.parametrize("shared", [True, False], ids=["another shared group", "nothing shared"])
def test_a_multi_frame_ct_may_tell_its_geometry_frame_by_frame(tmp_path, shared):
    dataset = enhanced_dataset(head_series(6), [3, 0, 5, 1, 4, 2])
    groups = dataset.SharedFunctionalGroupsSequence[0]
    for name in ("PlaneOrientationSequence", "PixelMeasuresSequence"):
        for frame in dataset.PerFrameFunctionalGroupsSequence:
            setattr(frame, name, copy.deepcopy(list(groups[name].value)))
        delattr(groups, name)
    if not shared:
        del dataset.SharedFunctionalGroupsSequence
    dataset.save_as(tmp_path / "ct.dcm", enforce_file_format=True)
    seg, *_ = results(tmp_path, read_ct(tmp_path / "ct.dcm"))
    assert seg.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].SliceThickness == 5


@pytest.mark.parametrize("name", ["StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID"])
def test_slices_that_cannot_be_referred_to_are_told(tmp_path, name):
    _, ct = written(tmp_path / "ct", change=lambda dataset, index: delattr(dataset, name))
    with pytest.raises(InputError, match=name):
        write_mask(a_mask(ct), tmp_path / "seg.dcm", ct, MODEL)


@pytest.mark.parametrize("name", ["StudyInstanceUID", "FrameOfReferenceUID"])
def test_slices_of_several_studies_or_spaces_are_told(tmp_path, name):
    _, ct = written(
        tmp_path / "ct", change=lambda dataset, index: setattr(dataset, name, f"1.2.{3 + index % 2}")
    )
    with pytest.raises(InputError, match=name):
        write_mask(a_mask(ct), tmp_path / "seg.dcm", ct, MODEL)
