from dataclasses import replace
from pathlib import Path

from Training.datasets import Case
from Training.datasets.identity import identity_of

ONE, TWO = (Case(name, name, Path(name), content=f"content of {name}") for name in ("one", "two"))


def test_neither_the_order_of_the_cases_nor_where_they_lie_counts():
    moved = replace(ONE, image=Path("elsewhere"))
    assert identity_of([ONE, TWO]) == identity_of([TWO, moved])


def test_a_case_more_or_another_content_counts():
    changed = replace(TWO, content="corrected")
    assert len({identity_of(cases) for cases in ([ONE], [ONE, TWO], [ONE, changed])}) == 3
