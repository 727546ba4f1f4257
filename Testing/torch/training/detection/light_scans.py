"""Small painted pictures of brains, and a data folder with painted heads."""

import csv

import nibabel
import numpy as np

from ICHSegmentationLib.preparation.brain_slices import MIDDLE, OUTSIDE, SHAPE
from Training.detection.light.scan import LightScan

COLUMNS = ["case", "split", "hemorrhage", "subtypes", "ich_slices", "slices"]


def ellipse():
    rows, columns = np.ogrid[: SHAPE[0], : SHAPE[1]]
    return ((rows - 99.5) / 84) ** 2 + ((columns - 83.5) / 67) ** 2 < 1


def light_scan(name="a", group="clean", slices=8, seed=0):
    """A brain of noise without hemorrhage."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(MIDDLE, 6, (slices, *SHAPE))
    codes = np.where(ellipse(), noise, OUTSIDE).astype(np.uint8)
    target = np.zeros(codes.shape, np.uint8)
    return LightScan(name, name, group, codes, target, np.zeros((slices, 6), np.uint8))


def head(bleeds, seed=0):
    """HU ``[12, 100, 80]`` of 10 x 2 x 2 mm, and where it bleeds."""
    rng = np.random.default_rng(seed)
    z, y, x = (np.indices((12, 100, 80)).T - (5.5, 49.5, 39.5)).T * np.array([10, 2, 2])[:, None, None, None]
    radius = np.sqrt((z / 70) ** 2 + (y / 92) ** 2 + (x / 72) ** 2)
    hu = np.where(radius < 0.93, rng.normal(33, 3, radius.shape), np.where(radius < 1, 1000, -1000))
    blood = (z**2 + (y - 10) ** 2 + (x - 20) ** 2 < 18**2) & bleeds
    hu[blood] = 70
    return hu.round().astype(np.int16), blood


def data_folder(folder, scans):
    """``scans`` are rows of case, split, subtypes and bleeding slices; those of ``phe_sich`` have a mask."""
    rows = []
    for seed, (name, split, subtypes, named) in enumerate(scans):
        hu, blood = head(bool(subtypes), seed)
        affine = np.diag([-2.0, -2.0, 10.0, 1.0])
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        nibabel.Nifti1Image(hu.transpose(2, 1, 0), affine).to_filename(f"{path}_ct.nii.gz")
        if name.startswith("phe_sich"):
            mask = nibabel.Nifti1Image(blood.astype(np.uint8).transpose(2, 1, 0), affine)
            mask.to_filename(f"{path}_ich_silver.nii.gz")
        rows.append([name, split, int(bool(subtypes)), subtypes, named, len(hu)])
    with (folder / "cases.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([COLUMNS, *rows])
    return folder
