from dataclasses import replace
from pathlib import Path

import numpy as np

from Training.datasets import Case
from Training.loop.priors import Priors


def test_the_answer_on_a_scan_that_was_replaced_counts_as_none(tmp_path: Path):
    priors, case = Priors(tmp_path), Case("a", "a", Path("a"), content="first")
    priors.keep(case, np.full((1, 2, 2), 0.5, np.float32))
    assert priors.has(replace(case, image=Path("moved")))
    assert not priors.has(replace(case, content="second"))
