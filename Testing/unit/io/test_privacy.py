"""Nothing that tells who a patient is gets from a DICOM series into a result, or onto the terminal.

Only who asks for it gets a DICOM SEG and report that name the patient, as the series does.
"""

import gzip
import json
from pathlib import Path

import numpy as np
import pydicom
import pytest
from dicom_maker import head_series, write_series
from fakes import bleeding, head
from PIL import Image

from ICHSegmentationLib.cli import main
from ICHSegmentationLib.io import read_ct, write_mask
from ICHSegmentationLib.volume import Volume

IDENTIFYING = {
    "PatientName": "SECRETNAME^JOHN",
    "PatientID": "SECRETID",
    "IssuerOfPatientID": "SECRETISSUER",
    "OtherPatientIDs": "SECRETOTHERID",
    "OtherPatientNames": "SECRETOTHERNAME",
    "PatientBirthName": "SECRETBIRTHNAME",
    "PatientBirthDate": "19010203",
    "PatientBirthTime": "112233",
    "PatientMotherBirthName": "SECRETMOTHER",
    "PatientAddress": "SECRETADDRESS",
    "PatientTelephoneNumbers": "SECRETPHONE",
    "PatientComments": "SECRETCOMMENT",
    "PatientAge": "097Y",
    "AccessionNumber": "SECRETACCESSION",
    "StudyID": "SECRETSTUDY",
    "StudyDate": "20010203",
    "AcquisitionDate": "20010203",
    "StudyDescription": "SECRETSTUDYDESCRIPTION",
    "SeriesDescription": "SECRETSERIESDESCRIPTION",
    "ProtocolName": "SECRETPROTOCOL",
    "InstitutionName": "SECRETINSTITUTION",
    "InstitutionAddress": "SECRETSTREET",
    "InstitutionalDepartmentName": "SECRETDEPARTMENT",
    "ReferringPhysicianName": "SECRETREFERRING",
    "PerformingPhysicianName": "SECRETPERFORMING",
    "OperatorsName": "SECRETOPERATOR",
    "StationName": "SECRETSTATION",
    "DeviceSerialNumber": "SECRETSERIAL",
    "RequestingPhysician": "SECRETREQUESTING",
    "ImageComments": "SECRETIMAGECOMMENT",
    "AdmissionID": "SECRETADMISSION",
}
NOT_EVEN_VALID = {"PatientBirthDate": "SECRETDATE", "PatientAge": "SECRETAGE", "StudyDate": "SECRETDAY"}
FOLDER = "SECRETFOLDER_JOHN"


def identified(folder: Path, identity: dict[str, str]) -> Path:
    """A head with a hemorrhage as a DICOM series, everything about the patient in it."""
    series = head_series(slices=26, pixel_spacing=(2.0, 2.0))
    series.stored = (head() + 1024).astype(np.uint16)
    with pydicom.config.disable_value_validation():
        write_series(
            series, folder, change=lambda dataset, _: [setattr(dataset, *each) for each in identity.items()]
        )
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """Everything a folder holds, by file name, in the open: unpacked, and the notes in pictures."""
    found = {}
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            content = file.read_bytes()
            if file.suffix == ".gz":
                content = gzip.decompress(content)
            elif file.suffix == ".nrrd":
                header, _, voxels = content.partition(b"\n\n")
                content = header + gzip.decompress(voxels)
            elif file.suffix == ".png":
                content += repr(Image.open(file).info).encode()
            found[file.name] = content
    return found


def secrets(identity: dict[str, str]) -> list[bytes]:
    return [part.encode() for value in identity.values() for part in value.split("^") if part != "JOHN"]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("form", ["nii.gz", "nrrd", "seg.nrrd", "dcm"])
def test_a_result_and_the_terminal_tell_nothing_of_the_patient(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], form: str
) -> None:
    if form == "dcm":
        pytest.importorskip("highdicom")
    identity = IDENTIFYING | (NOT_EVEN_VALID if form == "nrrd" else {})
    series = identified(tmp_path / FOLDER / "ct", identity)
    ct = read_ct(series)
    write_mask(Volume(bleeding(ct.voxels), ct.affine), tmp_path / FOLDER / "mask.nii.gz", ct)
    out = tmp_path / "out"
    capfd.readouterr()
    arguments = ["measure", str(series), str(tmp_path / FOLDER / "mask.nii.gz"), "-o", str(out)]
    assert main([*arguments, "--format", form, "--debug", "--events", "jsonl"]) == 0
    files = contents(out)
    expected = {f"segmentation.{form}", "measurements.json", "report.html", "preview.png"}
    assert set(files) == (expected | {"report.dcm"} if form == "dcm" else expected)
    for name, content in files.items():
        for secret in [*secrets(identity), FOLDER.encode()]:
            assert secret not in content, f"{secret!r} stands in {name}"
    told = capfd.readouterr()
    for secret in secrets(identity):
        assert secret not in (told.out + told.err).encode()
    assert len(json.loads(files["measurements.json"])["input"]["sha256"]) == 64


@pytest.mark.filterwarnings("ignore")
def test_an_error_tells_nothing_of_the_patient(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "b"):
        identified(tmp_path / "ct" / name, IDENTIFYING | NOT_EVEN_VALID)
    arguments = [
        "measure",
        str(tmp_path / "ct"),
        str(tmp_path / "ct"),
        "-o",
        str(tmp_path / "out"),
        "--debug",
    ]
    assert main(arguments) == 13
    told = capfd.readouterr()
    assert "2" in told.err
    for secret in secrets(IDENTIFYING | NOT_EVEN_VALID):
        assert secret not in (told.out + told.err).encode()


@pytest.mark.filterwarnings("ignore")
def test_a_dicom_result_names_the_patient_only_when_asked_and_refers_to_the_scan_either_way(
    tmp_path: Path,
) -> None:
    pytest.importorskip("highdicom")
    ct = read_ct(identified(tmp_path / "ct", IDENTIFYING))
    mask = tmp_path / "mask.nii.gz"
    write_mask(Volume(bleeding(ct.voxels), ct.affine), mask, ct)
    first = pydicom.dcmread(sorted((tmp_path / "ct").iterdir())[0])
    for keep in ([], ["--keep-identifiers"]):
        out = tmp_path / f"out{len(keep)}"
        dicom = ["--format", "dcm", *keep]
        assert main(["measure", str(tmp_path / "ct"), str(mask), "-o", str(out / "measured"), *dicom]) == 0
        assert main(["convert", str(mask), str(out / "mask.dcm"), "--ct", str(tmp_path / "ct"), *keep]) == 0
        for path in (*out.glob("measured/ct/*.dcm"), out / "mask.dcm"):
            written = pydicom.dcmread(path)
            named = (written.PatientName, written.PatientID, written.AccessionNumber, written.StudyDate)
            wanted = ("SECRETNAME^JOHN", "SECRETID", "SECRETACCESSION", "20010203")
            assert named == (wanted if keep else ("", "", "", "")), path
            assert written.StudyInstanceUID == first.StudyInstanceUID
        assert len(list(out.glob("measured/ct/*.dcm"))) == 2
