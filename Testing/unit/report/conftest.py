import pytest
from report_heads import head, stored


@pytest.fixture
def bleeding_head():
    """An IPH on the patient's right in front, a smaller IVH on the left behind."""
    return stored(*head([(2, (3, 6), (20, 32), (10, 20)), (3, (4, 6), (50, 58), (40, 46))]))


@pytest.fixture
def healthy_head():
    return stored(*head())
