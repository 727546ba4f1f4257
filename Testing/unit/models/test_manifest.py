import copy
import json
from typing import Any

import pytest

from ICHSegmentationLib.errors import ModelError
from ICHSegmentationLib.models import Manifest


def parse(document: Any) -> Manifest:
    return Manifest.parse(json.dumps(document))


def changed(document: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy of the document with another value at the dotted path."""
    copied = copy.deepcopy(document)
    *parents, key = path.split(".")
    place = copied
    for parent in parents:
        place = place[parent]
    place[key] = value
    return copied


def test_a_manifest_holds_what_its_document_says(a_document: dict[str, Any]) -> None:
    manifest = parse(a_document)
    assert manifest.id == "small"
    assert manifest.labels == ("hemorrhage",)
    assert manifest.inference["threshold"] == 0.5
    assert manifest.stages["coarse"].network["channels"] == [8, 16]
    assert manifest.stages["fine"].windows == ((40.0, 80.0), (80.0, 200.0))
    assert manifest.stages["fine"].patch == (32, 256, 256)
    assert manifest.training.data[0].licence == "None"


def test_a_manifest_written_and_read_again_is_the_same(a_document: dict[str, Any]) -> None:
    manifest = parse(a_document)
    assert Manifest.parse(manifest.to_json()) == manifest
    assert Manifest.parse(manifest.to_json()).sha256 == manifest.sha256


def test_the_hash_ignores_layout_and_sees_every_change_of_content(a_document: dict[str, Any]) -> None:
    original = parse(a_document).sha256
    turned = dict(reversed(a_document.items()))
    assert Manifest.parse(json.dumps(turned, indent=4)).sha256 == original
    assert parse(changed(a_document, "stages.fine.sha256", "0" * 64)).sha256 != original
    assert parse(changed(a_document, "inference.threshold", 0.51)).sha256 != original


@pytest.mark.parametrize(
    "key",
    [
        "id",
        "stages",
        "labels",
        "training.split",
        "stages.fine.patch",
        "stages.coarse.sha256",
        "schema_version",
    ],
)
def test_a_missing_key_is_named(a_document: dict[str, Any], key: str) -> None:
    *parents, last = key.split(".")
    place = a_document
    for parent in parents:
        place = place[parent]
    del place[last]
    with pytest.raises(ModelError, match=last):
        parse(a_document)


@pytest.mark.parametrize("place", ["pickle", "stages.fine.code", "training.hook"])
def test_an_unknown_key_is_named(a_document: dict[str, Any], place: str) -> None:
    with pytest.raises(ModelError, match=place.split(".")[-1]):
        parse(changed(a_document, place, "anything"))


@pytest.mark.parametrize(
    "name",
    [
        "../fine.safetensors",
        "/etc/fine.safetensors",
        "a/b.safetensors",
        "a\\b.safetensors",
        "C:fine.safetensors",
        "..safetensors",
        "fine.pt",
        "fine.safetensors\n",
        "",
    ],
)
def test_a_weight_file_is_a_plain_safetensors_name(a_document: dict[str, Any], name: str) -> None:
    with pytest.raises(ModelError, match=r"stages\.fine\.weights"):
        parse(changed(a_document, "stages.fine.weights", name))


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("id", "../up"),
        ("id", "UP"),
        ("id", "ends."),
        ("schema_version", 2),
        ("labels", ["tumour"]),
        ("labels", []),
        ("stages", {}),
        ("inference.threshold", "0.5"),
        ("inference.threshold", True),
        ("metrics", None),
        ("training", []),
        ("stages.fine", "fine"),
        ("stages.fine.network", {"channels": 8}),
        ("stages.fine.sha256", "abc"),
        ("stages.fine.spacing_mm", [5, 0.5]),
        ("stages.fine.spacing_mm", [5, 0.5, 0]),
        ("stages.fine.patch", [32, 256, 1.5]),
        ("stages.fine.windows", [[40]]),
        ("stages.fine.windows", [[40, 0]]),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(a_document: dict[str, Any], place: str, value: Any) -> None:
    with pytest.raises(ModelError, match=place.split(".")[-1]):
        parse(changed(a_document, place, value))


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", b"\xff\xfe", '{"schema_version": NaN}', "[" * 100_000])
def test_what_is_no_manifest_at_all_is_refused(text: bytes | str) -> None:
    with pytest.raises(ModelError):
        Manifest.parse(text)
