import copy
import json
from typing import Any

import pytest

from ICHSegmentationLib.errors import ModelError
from ICHSegmentationLib.models import Earlier, Manifest, StageInput

INPUT: dict[str, Any] = {
    "normalisation": "mean_std",
    "mean_std": [[40, 12.5]],
    "window_step": [8, 160, 160],
    "window_blend": "gaussian",
    "activation": "sigmoid",
    "shape": [16, 256, 256],
    "earlier": {"stage": "coarse", "use": "region", "enlarged": 1.5},
}


@pytest.fixture
def trained(a_document: dict[str, Any]) -> dict[str, Any]:
    document = copy.deepcopy(a_document)
    document["recipe"] = "mean"
    document["stages"]["fine"]["input"] = copy.deepcopy(INPUT)
    document["members"] = [["coarse", "fine"], ["coarse"]]
    return document


def parse(document: dict[str, Any]) -> Manifest:
    return Manifest.parse(json.dumps(document))


def test_a_trained_recipes_manifest_tells_how_each_network_is_fed(trained: dict[str, Any]) -> None:
    manifest = parse(trained)
    assert manifest.stages["fine"].input == StageInput(
        "mean_std", (8, 160, 160), "gaussian", "sigmoid", ((40.0, 12.5),), (16, 256, 256), False,
        Earlier("coarse", "region", False, 1.5),
    )  # fmt: skip
    assert manifest.stages["coarse"].input is None
    assert manifest.members == (("coarse", "fine"), ("coarse",))
    assert Manifest.parse(manifest.to_json()) == manifest


def test_a_manifest_without_these_keys_is_written_without_them(a_document: dict[str, Any]) -> None:
    written = parse(a_document).to_json()
    assert "members" not in written
    assert '"input"' not in written


def test_the_hash_sees_how_a_network_is_fed(trained: dict[str, Any]) -> None:
    original = parse(trained).sha256
    trained["stages"]["fine"]["input"]["window_blend"] = "constant"
    assert parse(trained).sha256 != original


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("normalisation", "magic"),
        ("normalisation", ["window"]),
        ("window_step", [8, 0, 160]),
        ("window_blend", None),
        ("activation", "relu"),
        ("mean_std", [[40, 0]]),
        ("mean_std", 3),
        ("shape", [16, 256]),
        ("own_spacing", "yes"),
        ("earlier", {"stage": "coarse", "use": "guess"}),
        ("earlier", {"stage": "coarse", "use": "region", "enlarged": 0.5}),
        ("surprise", 1),
    ],
)
def test_a_value_that_is_not_what_its_place_expects_is_told(
    trained: dict[str, Any], key: str, value: Any
) -> None:
    trained["stages"]["fine"]["input"][key] = value
    with pytest.raises(ModelError, match=r"stages\.fine\.input"):
        parse(trained)


def test_members_name_stages_that_exist(trained: dict[str, Any]) -> None:
    trained["members"] = [["coarse", "finer"]]
    with pytest.raises(ModelError, match="members"):
        parse(trained)


def test_windows_may_only_be_left_empty_where_the_input_tells_how_hu_are_scaled(
    trained: dict[str, Any],
) -> None:
    trained["stages"]["fine"]["windows"] = []
    assert parse(trained).stages["fine"].windows == ()
    trained["stages"]["coarse"]["windows"] = []
    with pytest.raises(ModelError, match=r"stages\.coarse\.windows"):
        parse(trained)
