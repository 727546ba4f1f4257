import json
from types import SimpleNamespace

import nibabel
import numpy as np
import pytest

import Training.default_model.robustness as robust
from ICHSegmentationLib.models import ModelFolder
from ICHSegmentationLib.volume import Volume
from Training.default_model.disturbances import DISTURBANCES
from Training.default_model.robustness import robustness

AFFINE = np.diag([-1.0, -1.0, 5.0, 1.0])
BLOOD = np.zeros((8, 40, 40), bool)
BLOOD[2:6, 10:25, 10:25] = True


class Bright:
    """Marks everything that is as bright as blood."""

    calls = 0

    def __init__(self, model, threads=None):
        pass

    def __call__(self, ct):
        Bright.calls += 1
        if Bright.calls == 7:
            raise KeyboardInterrupt
        mask = (ct.voxels > 52) & (ct.voxels < 100)
        return SimpleNamespace(mask=Volume(mask.astype(np.uint8), ct.affine))


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    (folder / "set").mkdir(parents=True)
    rows = ["case,split,hemorrhage,subtypes,ich_slices"]
    for number, bleeds in (("1", 1), ("2", 1), ("3", 0)):
        hu = np.where(BLOOD, 70, 35) if bleeds else np.full(BLOOD.shape, 35)
        rows.append(f"set/{number},validation,{bleeds},{'IPH' if bleeds else ''},")
        nibabel.Nifti1Image(hu.astype(np.int16).T, AFFINE).to_filename(folder / f"set/{number}_ct.nii.gz")
        if bleeds:
            mask = nibabel.Nifti1Image(BLOOD.astype(np.uint8).T, AFFINE)
            mask.to_filename(folder / f"set/{number}_ich_silver.nii.gz")
    (folder / "cases.csv").write_text("\n".join(rows) + "\n")
    return folder


def test_an_interrupted_run_goes_on_where_it_was_and_writes_the_page(data, tmp_path, monkeypatch):
    manifest = SimpleNamespace(id="bright", name="Bright", version="1", sha256="0" * 64)
    monkeypatch.setattr(ModelFolder, "open", lambda path: SimpleNamespace(manifest=manifest))
    monkeypatch.setattr(robust, "Segmenter", Bright)
    monkeypatch.setattr(Bright, "calls", 0)
    out, page = tmp_path / "out", tmp_path / "robustness.md"
    with pytest.raises(KeyboardInterrupt):
        robustness(data, tmp_path, out, page, "this")
    assert len(json.loads((out / "robustness.json").read_text())["trials"]) == 6
    assert not page.exists()

    robustness(data, tmp_path, out, page, "this", every=2)
    assert Bright.calls == 7 + len(DISTURBANCES) * 2 - 6  # scans 1 and 3; six trials were there
    rows = [line for line in page.read_text().splitlines() if line.startswith("| ")][1:]
    assert [row.split(" | ")[0].strip("| ") for row in rows] == list(DISTURBANCES)
    assert "1.000" in rows[0]
    assert "Written by `this --every 2`." in page.read_text()

    other_code = tmp_path / "disturbances.py"
    other_code.write_text("# altered")
    monkeypatch.setattr(robust.disturbances, "__file__", str(other_code))
    monkeypatch.setattr(Bright, "calls", 100)  # no further interruption
    robustness(data, tmp_path, out, page, "this", every=2)
    assert Bright.calls == 100 + len(DISTURBANCES) * 2
