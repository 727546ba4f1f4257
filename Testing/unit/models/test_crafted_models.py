"""Model folders and archives made to do harm: each is refused, and nothing of it is left."""

import json
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ICHSegmentationLib.errors import ModelError
from ICHSegmentationLib.models import Manifest, arrival, import_folder

HUGE = 10**9


def nested(depth: int) -> Any:
    document: Any = 0.5
    for _ in range(depth):
        document = {"deeper": document}
    return document


CRAFTED: dict[str, dict[str, Any]] = {
    "a patch of 10^9 voxels a side": {"patch": [HUGE] * 3},
    "a patch of too many voxels": {"patch": [512, 512, 512]},
    "a patch beyond any integer": {"patch": [1e300, 1, 1]},
    "a patch of nested lists": {"patch": [[1], [1], [1]]},
    "10^6 features": {"network": {"kind": "residual_unet", "features": [10**6] * 7}},
    "10^9 layers": {"network": {"kind": "dense_unet", "layers": HUGE}},
    "a negative number of features": {"network": {"kind": "residual_unet", "features": [-8] * 7}},
    "a thousand levels": {"network": {"kind": "nnunet", "features": [8] * 1000}},
    "a stride of 2048": {"network": {"kind": "nnunet", "strides": [[2048, 2048, 2048]]}},
    "an argument that is an object": {"network": {"kind": "nnunet", "features": {"__class__": "os"}}},
    "lists in lists in lists": {"network": {"kind": "nnunet", "strides": [[[1]]]}},
    "a network without a kind": {"network": {"features": [8]}},
    "weights in another folder": {"weights": "../fine.safetensors"},
    "weights at an absolute path": {"weights": "/etc/fine.safetensors"},
    "weights with a drive": {"weights": "C:fine.safetensors"},
    "weights that are a pickle": {"weights": "fine.pt"},
    "weights that are a pickle, hidden": {"weights": "fine.pkl\0.safetensors"},
    "a spacing that is a text": {"spacing_mm": "5 1 1"},
    "a spacing of NaN": {"spacing_mm": [float("nan")] * 3},
    "a hash that is a number": {"sha256": 7},
    "windows that are an object": {"windows": {"level": 40}},
}


@pytest.mark.parametrize("change", CRAFTED.values(), ids=CRAFTED)
def test_a_stage_that_asks_for_too_much_or_for_something_else_is_refused(
    a_document: dict[str, Any], change: dict[str, Any]
) -> None:
    a_document["stages"]["fine"] |= change
    with pytest.raises(ModelError) as refused:
        Manifest.parse(json.dumps(a_document))
    assert refused.value.hint


@pytest.mark.parametrize(
    "metrics",
    [
        nested(20),
        nested(900),
        {"dice": float("inf")},
        {"dice": 10**30},
        {"note": "\ud800"},
        {"\udfff": 1},
        [1],
    ],
    ids=["20 deep", "900 deep", "infinite", "10^30", "half a character", "half a key", "a list"],
)
def test_metrics_that_could_not_be_written_again_are_refused(
    a_document: dict[str, Any], metrics: Any
) -> None:
    with pytest.raises(ModelError):
        Manifest.parse(json.dumps({**a_document, "metrics": metrics}))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"\xff\xfe{}",
        b"\x80\x04K\x01.",
        b"1" * 10_000,
        b"1e999",
        b"null",
    ],
    ids=["nothing", "lists", "objects", "UTF-16", "a pickle", "10,000 digits", "1e999", "null"],
)
def test_what_is_no_manifest_is_refused(content: bytes) -> None:
    with pytest.raises(ModelError):
        Manifest.parse(content)


def zipped(folder: Path, archive: Path) -> Path:
    with zipfile.ZipFile(archive, "w") as stream:
        for file in sorted(folder.iterdir()):
            stream.write(file, file.name)
    return archive


def test_a_link_in_a_zip_is_not_followed(a_model_folder: Path, tmp_path: Path, the_store: Path) -> None:
    secret = tmp_path / "secret"
    (a_model_folder / "fine.safetensors").rename(secret)
    archive = zipped(a_model_folder, tmp_path / "model.zip")
    link = zipfile.ZipInfo("fine.safetensors")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(archive, "a") as stream:
        stream.writestr(link, str(secret))
    with pytest.raises(ModelError):
        import_folder(archive)
    assert list(the_store.iterdir()) == []


def test_a_zip_with_too_many_files_is_refused(a_model_folder: Path, tmp_path: Path, the_store: Path) -> None:
    archive = zipped(a_model_folder, tmp_path / "model.zip")
    with zipfile.ZipFile(archive, "a") as stream:
        for number in range(arrival.MOST_MEMBERS):
            stream.writestr(f"{number}.txt", "")
    with pytest.raises(ModelError, match="at most 1000 files"):
        import_folder(archive)
    assert list(the_store.iterdir()) == []


def test_many_weights_that_are_too_much_together_are_refused(
    write_model: Callable[..., Path], tmp_path: Path, the_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_model(tmp_path / "large")
    sizes = [file.stat().st_size for file in folder.glob("*.safetensors")]
    monkeypatch.setattr(arrival, "LARGEST_MODEL", sum(sizes) - 1)
    with pytest.raises(ModelError, match=f"at most {sizes[1] - 1} bytes in fine"):
        import_folder(folder)
    assert list(the_store.iterdir()) == []
