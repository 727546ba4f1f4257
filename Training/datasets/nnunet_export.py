"""nnU-Net's raw data format, version 2, as an export: to train nnU-Net itself on the same cases."""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from ICHSegmentationLib.errors import InputError
from ICHSegmentationLib.io.atomic import atomic_folder
from ICHSegmentationLib.labels import LABELS, Label, label_named
from ICHSegmentationLib.volume import Volume

from .case import HELD_OUT, Case
from .prepared import fold_count, load_split, read_cases_csv
from .reading import read_case

Fold = tuple[Sequence[Case], Sequence[Case]]
"""The training and the validation cases."""

SPLITS_NAME = "splits_final.json"
_ENDING = ".nii.gz"


def prepared_to_nnunet(prepared: Path, folder: Path, dataset_id: int, name: str) -> Path:
    """Write a prepared data set, with its folds, as :func:`to_nnunet` does.

    Raises:
        InputError: the folder is not prepared; or see :func:`to_nnunet`.
        OutputExistsError: the folder holds an earlier export.
    """
    folds = [load_split(prepared, fold) for fold in range(fold_count(prepared))]
    return to_nnunet(read_cases_csv(prepared), folder, dataset_id, name, folds)


def to_nnunet(
    cases: Sequence[Case], folder: Path, dataset_id: int, name: str, folds: Sequence[Fold] = ()
) -> Path:
    """Write ``folder/DatasetNNN_name``: training cases to imagesTr, labelsTr and held-out ones to
    imagesTs, labelsTs.

    Label values are numbered without gaps, as nnU-Net asks for: those that the cases' data sets define, in
    our order. Cases without a mask are only written when they are held out.

    Args:
        folds: written to ``splits_final.json``, which nnU-Net looks for in its folder of preprocessed data;
            without any, nnU-Net deals the cases itself.

    Returns:
        The folder that was written.

    Raises:
        InputError: see :func:`.reading.read_case`; or two cases would get the same file name, or none has a
            mask.
        OutputExistsError: the folder holds an earlier export.
    """
    target = folder / f"Dataset{dataset_id:03d}_{name}"
    labels = _labels_of(cases)
    numbered = {label.value: place for place, label in enumerate(labels, 1)}
    written = [case for case in cases if case.has_mask or case.split in HELD_OUT]
    training = sum(case.split not in HELD_OUT for case in written)
    names = {_file_name(case) for case in written}
    if not training or len(names) < len(written):
        raise InputError(
            f"Expected cases with masks and different names, found {training} for training and {len(names)} "
            f"names for {len(written)} cases."
        )
    with atomic_folder(target) as temporary:
        for case in written:
            _write_case(case, temporary, numbered)
        description = {
            "channel_names": {"0": "CT"},
            "labels": {"background": 0, **{label.id: numbered[label.value] for label in labels}},
            "numTraining": training,
            "file_ending": _ENDING,
            "name": name,
        }
        (temporary / "dataset.json").write_text(json.dumps(description, indent=2), "utf-8")
        if folds:
            named = [{"train": _names(fold[0]), "val": _names(fold[1])} for fold in folds]
            (temporary / SPLITS_NAME).write_text(json.dumps(named, indent=2), "utf-8")
    return target


def _labels_of(cases: Sequence[Case]) -> list[Label]:
    ids = {label for case in cases if case.mask is not None for label in case.labels.values()}
    if any(case.mask is not None and not case.labels for case in cases):
        return list(LABELS)
    return sorted((label_named(id_) for id_ in ids), key=lambda label: label.value)


def _names(cases: Sequence[Case]) -> list[str]:
    return [_file_name(case) for case in cases if case.has_mask]


def _file_name(case: Case) -> str:
    return case.name.replace("/", "_")


def _write_case(case: Case, folder: Path, numbered: dict[int, int]) -> None:
    split = "Ts" if case.split in HELD_OUT else "Tr"
    ct, mask = read_case(case)
    name = _file_name(case)
    _write(ct, ct.voxels, folder / f"images{split}" / f"{name}_0000{_ENDING}")
    if mask is not None:
        table = np.zeros(256, np.uint8)
        for value, number in numbered.items():
            table[value] = number
        _write(mask, table[mask.voxels], folder / f"labels{split}" / f"{name}{_ENDING}")


def _write(volume: Volume, voxels: NDArray[np.generic], path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    image = nib.Nifti1Image(np.asarray(voxels).T, volume.affine)
    image.header.set_xyzt_units("mm")
    path.write_bytes(gzip.compress(image.to_bytes(), compresslevel=1, mtime=0))
