"""Small data sets in the layouts of their publishers."""

import csv
import json

import nibabel as nib
import numpy as np
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

SHAPE = (6, 40, 40)
SPACING = (5.0, 5.0, 5.0)
AFFINE = np.diag(
    [-5.0, -5.0, 5.0, 1.0]
)  # canonical order: slices upwards, rows backwards, columns to the left


def head(seed=0, bleeds=True, shape=SHAPE):
    """HU (int16) of a skull with a brain in it, and where it bleeds (bool): a cube of 3 x 6 x 6 voxels."""
    rng = np.random.default_rng(seed)
    _, rows, columns = np.indices(shape)
    radius = np.hypot(rows - shape[1] / 2 + 0.5, columns - shape[2] / 2 + 0.5) / (shape[1] / 2 - 2)
    hu = np.where(radius < 0.85, rng.normal(33, 3, shape), np.where(radius < 1, 1000, -1000))
    blood = np.zeros(shape, bool)
    if bleeds:
        blood[1:4, 14:20, 14:20] = True
        hu[blood] = rng.normal(65, 3, blood.sum())
    return np.rint(hu).astype(np.int16), blood


def save(path, voxels, affine=AFFINE):
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(np.ascontiguousarray(np.asarray(voxels).T), affine), path)


def save_pair(scan, mask, seed=0, value=1, bleeds=True, mask_affine=AFFINE):
    hu, blood = head(seed, bleeds)
    save(scan, hu)
    save(mask, blood.astype(np.uint8) * value, mask_affine)


def write_csv(path, columns, rows, encoding="utf-8"):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding=encoding) as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        writer.writerows(rows)


def instance2022(root, cases=("001", "002")):
    for seed, name in enumerate(cases):
        save_pair(root / f"train_2/data/{name}.nii.gz", root / f"train_2/label/{name}.nii.gz", seed)
    return root


def bhsd(root, names=("ID_0a_ID_11", "ID_0a_ID_22", "ID_0b_ID_33")):
    for seed, name in enumerate(names):
        save_pair(
            root / f"label_192/images/{name}.nii.gz", root / f"label_192/ground truths/{name}.nii.gz", seed
        )
    return root


DIAGNOSES = (
    "PatientNumber", "SliceNumber", "Intraventricular", "Intraparenchymal", "Subarachnoid", "Epidural",
    "Subdural", "No_Hemorrhage", "Fracture_Yes_No",
)  # fmt: skip


def diagnosis(patient, slice_, *there):
    """A row of CT-ICH's table."""
    subtypes = [int(name in there) for name in DIAGNOSES[2:7]]
    return [patient, slice_, *subtypes, int(not there), 0]


def ct_ich(root):
    """Two scans; 049 has epidural blood on the slices that its mask marks. Masks have no affine."""
    rows = []
    for number, bleeds in ((49, True), (54, False)):
        hu, blood = head(number, bleeds)
        save(root / f"ct_scans/{number:03d}.nii", hu)
        save(root / f"masks/{number:03d}.nii", blood.astype(np.uint8) * 255, np.eye(4))
        there = [["Epidural"] if plane.any() else [] for plane in blood]
        rows += [diagnosis(number, place + 1, *names) for place, names in enumerate(there)]
    rows.append(diagnosis(59, 1))  # a patient without a scan
    write_csv(root / "hemorrhage_diagnosis_raw_ct.csv", DIAGNOSES, rows, "utf-8-sig")
    return root


def ct_ich_pictures(root):
    """One scan of eleven slices; slice n is grey 10 n, slice 10 has a mask in its upper left quarter."""
    brain = root / "Patients_CT/049/brain"
    brain.mkdir(parents=True)
    for number in range(1, 12):
        Image.fromarray(np.full((48, 64), number * 10, np.uint8)).save(brain / f"{number}.jpg", quality=95)
    marked = np.zeros((48, 64), np.uint8)
    marked[:21, :29] = 255  # not at the edge of a JPEG block
    Image.fromarray(marked).save(brain / "10_HGE_Seg.jpg", quality=95)
    rows = [diagnosis(49, number, *(["Subdural"] if number == 10 else [])) for number in range(1, 12)]
    write_csv(root / "hemorrhage_diagnosis.csv", DIAGNOSES, rows)
    return root


def save_slice(path, stored, position, series, patient, intercept=-1024, signed=False):
    """One DICOM slice of an axial scan, its stored numbers in 16 bits."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = CTImageStorage
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset.PatientID, dataset.SeriesInstanceUID, dataset.Modality = patient, series, "CT"
    dataset.ImagePositionPatient = [-100.0, -100.0, position]
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.PixelSpacing, dataset.SliceThickness = [5, 5], 5
    dataset.RescaleSlope, dataset.RescaleIntercept = 1, intercept
    dataset.Rows, dataset.Columns = stored.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 16, 15
    dataset.PixelRepresentation = int(signed)
    dataset.PixelData = stored.astype(np.int16 if signed else np.uint16).tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)


RSNA_KINDS = ("epidural", "intraparenchymal", "intraventricular", "subarachnoid", "subdural", "any")


def rsna_rows(slice_, *there):
    return [
        [f"{slice_}_{kind}", int(kind in there or (kind == "any" and bool(there)))] for kind in RSNA_KINDS
    ]


def rsna2019(root, patient="ID_pat", series="1.2.3"):
    """A scan, its files named against their order; the two lowest slices bleed. Some rows stand twice."""
    hu, _ = head()
    rows = []
    for place, plane in enumerate(hu):
        name = f"ID_{9 - place:09x}"
        save_slice(root / f"stage_2_train/{name}.dcm", plane + 1024, -30.0 + 5 * place, series, patient)
        rows += rsna_rows(name, *(["subdural", "subarachnoid"] if place < 2 else []))
    write_csv(root / "stage_2_train.csv", ("ID", "Label"), [*rows, *rows[:6]])
    return root


CQ500_FINDINGS = ("ICH", "IPH", "IVH", "SDH", "EDH", "SAH", "ChronicBleed", "Fracture")
CQ500_COLUMNS = (
    "name",
    "Category",
    *(f"{r}:{finding}" for r in ("R1", "R2", "R3") for finding in CQ500_FINDINGS),
)


def cq500_row(number, *readers):
    reads = [int(finding in seen) for seen in readers for finding in CQ500_FINDINGS]
    return [f"CQ500-CT-{number}", "B1", *reads]


def cq500(root):
    """Scan 0 with four series; its readers agree on IPH, two of three on IVH."""
    hu, _ = head()
    study = root / "CQ500CT0 CQ500CT0/Unknown Study"
    counts = {"CT 5mm Plain": 3, "CT PLAIN THIN": 5, "CT BONE": 6, "CT 4cc sec 150cc D3D on": 6}
    for uid, (series, count) in enumerate(counts.items()):
        for place in range(count):
            file = study / series / f"CT{place:06d}.dcm"
            save_slice(file, hu[place] + 1024, 5.0 * place, f"1.{uid}", "0")
    reads = [cq500_row(0, {"ICH", "IPH", "IVH"}, {"ICH", "IPH", "IVH"}, {"ICH", "IPH", "EDH"})]
    write_csv(root / "reads.csv", CQ500_COLUMNS, reads)
    return root


def nnunet(root, labels=None, channels=None):
    save_pair(root / "imagesTr/a_0000.nii.gz", root / "labelsTr/a.nii.gz", 0)
    save_pair(root / "imagesTr/b_0000.nii.gz", root / "labelsTr/b.nii.gz", 1, value=2)
    save(root / "imagesTs/c_0000.nii.gz", head(2)[0])
    description = {
        "channel_names": channels or {"0": "CT"},
        "labels": labels or {"background": 0, "IPH": 1, "Intraventricular hemorrhage": 2},
        "numTraining": 2,
        "file_ending": ".nii.gz",
    }
    (root / "dataset.json").write_text(json.dumps(description), "utf-8")
    return root


def plain_folder(root):
    save_pair(root / "images/a_ct.nii.gz", root / "masks/a_mask.nii.gz", 0)
    save_pair(root / "images/b.nii.gz", root / "masks/b.nii.gz", 1, value=5)
    return root


def csv_table(root):
    save_pair(root / "files/x.nii.gz", root / "files/x_blood.nii.gz", 0)
    save(root / "files/y.nii.gz", head(1)[0])
    rows = [
        ["x", "files/x.nii.gz", "files/x_blood.nii.gz", "P1", "train"],
        ["y", "files/y.nii.gz", "", "P2", "test"],
    ]
    write_csv(root / "dataset.csv", ("case", "image", "mask", "patient", "split"), rows)
    return root


def default_data(root):
    save_pair(root / "phe_sich/0001_ct.nii.gz", root / "phe_sich/0001_ich_silver.nii.gz", 0)
    save(root / "physionet_ct_ich/049_ct.nii.gz", head(1)[0])
    save(root / "physionet_ct_ich/055_ct.nii.gz", head(2, bleeds=False)[0])
    rows = [
        ["phe_sich/0001", "train", 1, "IPH", "", 6],
        ["physionet_ct_ich/049", "train", 1, "IPH EDH", "2 3 4", 6],
        ["physionet_ct_ich/055", "validation", 0, "", "", 6],
    ]
    columns = ("case", "split", "hemorrhage", "subtypes", "ich_slices", "slices")
    write_csv(root / "cases.csv", columns, rows)
    return root


LAYOUTS = {
    "instance2022": instance2022,
    "bhsd": bhsd,
    "ct-ich": ct_ich,
    "ct-ich-pictures": ct_ich_pictures,
    "rsna2019": rsna2019,
    "cq500": cq500,
    "nnunet": nnunet,
    "default-data": default_data,
    "csv": csv_table,
    "folder": plain_folder,
}
