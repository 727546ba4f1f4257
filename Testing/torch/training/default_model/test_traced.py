from pathlib import Path

import numpy as np

from Training.default_model import traced
from Training.default_model.cases import Case
from Training.default_model.sampling import IGNORE

SPACING = (5.0, 0.5, 0.5)


def a_case(bleeding=(1, 2)):
    return Case("set/7", Path("ct.nii.gz"), None, "train", True, ("SDH",), bleeding)


def a_scan():
    hu = np.full((4, 80, 80), 35, np.int16)
    hu[1, 20:40, 20:40] = 65  # traced
    hu[1, 60:70, 60:70] = 65  # bright, not traced
    hu[3, 20:40, 20:40] = 65  # bright on a slice without hemorrhage
    return hu, np.ones(hu.shape, bool)


def test_what_is_bright_in_a_disc_is_hemorrhage_and_elsewhere_on_the_slice_unknown(monkeypatch):
    disc = {"case": "set/7", "first_slice": "1", "last_slice": "1", "row": "30", "column": "30"}
    monkeypatch.setattr(traced, "_discs", lambda: [disc | {"radius_mm": "12", "lowest_hu": "50"}])
    target = traced.trace(a_case(), *a_scan(), SPACING)
    assert (target[1, 22:38, 22:38] == 1).all()
    assert (target[1, 62:68, 62:68] == IGNORE).all()
    assert (target[1, 45:55, 45:55] == 0).all()
    assert (target[3] == 0).all()
    assert (target[0] == 0).all()


def test_every_disc_lies_on_a_bleeding_slice_of_a_training_case(shared_data):
    from Training.default_model.cases import read_cases

    cases = {case.name: case for case in read_cases(shared_data)}
    assert traced._discs()
    for disc in traced._discs():
        case = cases[disc["case"]]
        assert case.split == "train"
        slices = set(range(int(disc["first_slice"]), int(disc["last_slice"]) + 1))
        assert slices <= set(case.bleeding_slices), disc
