import errno
import hashlib
import http.server
import io
import itertools
import os
import shutil
import stat
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ICHSegmentationLib.errors import (
    DiskFullError,
    ModelError,
    ModelNotFoundError,
    ModelTamperedError,
    NotWritableError,
    OutputError,
)
from ICHSegmentationLib.models import arrival, download, find, import_folder, installed, remove, store


def zipped(folder: Path, archive: Path, prefix: str = "") -> Path:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as stream:
        for file in sorted(folder.iterdir()):
            stream.write(file, prefix + file.name)
    return archive


def everything_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def test_an_untouched_model_verifies(a_model_folder: Path) -> None:
    model = find(a_model_folder)
    model.verify()
    assert model.weights("fine") == a_model_folder / "fine.safetensors"


def test_changed_weights_are_named_with_both_hashes(a_model_folder: Path) -> None:
    weights = a_model_folder / "fine.safetensors"
    expected = hashlib.sha256(weights.read_bytes()).hexdigest()
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(ModelTamperedError) as caught:
        find(a_model_folder).verify()
    found = hashlib.sha256(content).hexdigest()
    assert all(part in caught.value.message for part in ("fine.safetensors", expected, found))


def test_missing_weights_are_named(a_model_folder: Path) -> None:
    (a_model_folder / "coarse.safetensors").unlink()
    with pytest.raises(ModelNotFoundError, match=r"coarse\.safetensors"):
        find(a_model_folder).verify()


def test_an_unknown_stage_is_an_error_that_names_the_stages_there_are(a_model_folder: Path) -> None:
    with pytest.raises(ModelError, match="coarse, fine"):
        find(a_model_folder).weights("middle")


def test_a_model_that_is_not_there_is_not_found() -> None:
    with pytest.raises(ModelNotFoundError, match="nowhere"):
        find("nowhere")


def test_an_oversized_manifest_is_not_read(a_model_folder: Path) -> None:
    with (a_model_folder / "model.json").open("a") as stream:
        stream.write(" " * (1 << 20))
    with pytest.raises(ModelError, match="at most"):
        find(a_model_folder)


def test_an_imported_model_is_found_by_its_id_and_gone_after_removal(
    a_model_folder: Path, the_store: Path
) -> None:
    (a_model_folder / "setup.py").write_text("raise SystemExit('executed')")
    import_folder(a_model_folder)
    shutil.rmtree(a_model_folder)
    find("small").verify()
    assert "small" in [model.manifest.id for model in installed()]
    assert everything_in(the_store) == {
        "small", "small/model.json", "small/coarse.safetensors", "small/fine.safetensors",
    }  # fmt: skip
    remove("small")
    assert everything_in(the_store) == set()
    with pytest.raises(ModelNotFoundError):
        remove("small")


@pytest.mark.parametrize("prefix", ["", "a_model/"])
def test_a_zip_of_a_model_folder_is_imported(a_model_folder: Path, tmp_path: Path, prefix: str) -> None:
    import_folder(zipped(a_model_folder, tmp_path / "model.zip", prefix))
    find("small").verify()


def test_a_zip_cannot_write_outside_of_the_store(
    a_model_folder: Path, tmp_path: Path, the_store: Path
) -> None:
    archive = zipped(a_model_folder, tmp_path / "model.zip")
    with zipfile.ZipFile(archive, "a") as stream:
        stream.writestr("../../escaped.txt", "outside")
        stream.writestr("/escaped.txt", "outside")
    import_folder(archive)
    assert not list(tmp_path.rglob("escaped.txt"))
    assert not Path("/escaped.txt").exists()


def test_a_manifest_cannot_name_a_folder_outside_of_the_store(
    tmp_path: Path, the_store: Path, write_model: Callable[..., Path]
) -> None:
    with pytest.raises(ModelError, match="id"):
        import_folder(write_model(tmp_path / "bad", id="../escaped"))
    assert everything_in(the_store) == set()


def test_tampered_and_incomplete_models_leave_nothing_in_the_store(
    a_model_folder: Path, the_store: Path
) -> None:
    (a_model_folder / "fine.safetensors").write_bytes(b"changed")
    with pytest.raises(ModelTamperedError):
        import_folder(a_model_folder)
    (a_model_folder / "fine.safetensors").unlink()
    with pytest.raises(ModelNotFoundError, match=r"fine\.safetensors"):
        import_folder(a_model_folder)
    assert everything_in(the_store) == set()


def test_weights_beyond_the_bound_are_refused_whatever_the_zip_header_says(
    a_model_folder: Path, tmp_path: Path, the_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (a_model_folder / "fine.safetensors").write_bytes(bytes(5_000_000))
    archive = zipped(a_model_folder, tmp_path / "bomb.zip")
    assert archive.stat().st_size < 50_000
    monkeypatch.setattr(arrival, "LARGEST_WEIGHTS", 1_000_000)
    with pytest.raises(ModelError, match="at most 1000000 bytes in fine"):
        import_folder(archive)
    assert everything_in(the_store) == set()


def test_a_manifest_beyond_the_bound_is_refused(a_model_folder: Path, tmp_path: Path) -> None:
    (a_model_folder / "model.json").write_text(" " * 2_000_000)
    with pytest.raises(ModelError, match=r"at most .* bytes in model\.json"):
        import_folder(zipped(a_model_folder, tmp_path / "bomb.zip"))


def test_a_store_that_cannot_be_made_is_told(a_model_folder: Path, the_store: Path) -> None:
    the_store.write_text("a file")
    with pytest.raises(OutputError, match="store could not be written"):
        import_folder(a_model_folder)
    with pytest.raises(OutputError, match="store could not be written"):
        download("https://example.org/model.zip", "0" * 64)


def test_a_full_disk_is_told_and_leaves_nothing_in_the_store(
    a_model_folder: Path, the_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class FullDisk(io.BytesIO):
        name = "fine.safetensors"

        def write(self, content: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    plain = Path.open
    monkeypatch.setattr(
        Path, "open", lambda path, mode="r", **more: FullDisk() if mode == "wb" else plain(path, mode, **more)
    )
    with pytest.raises(DiskFullError):
        import_folder(a_model_folder)
    assert everything_in(the_store) == set()


def test_a_model_that_a_virus_scanner_holds_for_a_moment_is_imported(
    a_model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows, which then refuses to rename it."""
    rename, tries = Path.rename, itertools.count()

    def held_at_first(path: Path, target: Path) -> Path:
        if next(tries) < 2:
            raise PermissionError(errno.EACCES, "Access is denied")
        return rename(path, target)

    monkeypatch.setattr("ICHSegmentationLib.io.atomic._OPEN_FILES_STAY", True)
    monkeypatch.setattr(Path, "rename", held_at_first)
    import_folder(a_model_folder)
    find("small").verify()


def test_a_model_that_cannot_be_deleted_is_told(
    a_model_folder: Path, the_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_folder(a_model_folder)

    def refuse(path: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(shutil, "rmtree", refuse)
    with pytest.raises(NotWritableError, match="small"):
        remove("small")


@pytest.mark.skipif(os.name == "nt", reason="links need a right that not every user has")
def test_a_link_in_a_model_folder_is_refused(a_model_folder: Path, tmp_path: Path) -> None:
    (a_model_folder / "fine.safetensors").rename(tmp_path / "elsewhere")
    (a_model_folder / "fine.safetensors").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ModelError, match="link"):
        import_folder(a_model_folder)


def test_a_second_import_of_an_id_keeps_the_first(
    a_model_folder: Path, tmp_path: Path, write_model: Callable[..., Path]
) -> None:
    import_folder(a_model_folder)
    with pytest.raises(ModelError, match="small") as caught:
        import_folder(write_model(tmp_path / "other", version="2.0.0"))
    assert caught.value.hint == "Remove the old one first: ichseg models remove small"
    assert find("small").manifest.version == "1.0.0"


@pytest.mark.parametrize(
    ("name", "place"), [("default", "EMBEDDED"), ("open", "EMBEDDED_OPEN"), ("detector", "EMBEDDED_DETECTOR")]
)
def test_an_embedded_model_is_found_by_name_and_id_and_never_removed_nor_hidden(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_model: Callable[..., Path], name: str, place: str
) -> None:
    embedded = write_model(tmp_path / name, id="embedded")
    monkeypatch.setattr(store, place, embedded)
    assert find(name).path == find("embedded").path == embedded
    assert "embedded" in [model.manifest.id for model in installed()]
    for known in (name, "embedded"):
        with pytest.raises(ModelNotFoundError):
            remove(known)
    for taken in (embedded, write_model(tmp_path / "other", id=name)):
        with pytest.raises(ModelError) as caught:
            import_folder(taken)
        assert caught.value.hint == "It is embedded already; give the model another id."
    write_model(store.store_folder() / name, id="stranger")
    assert find(name).path == embedded


def test_removal_takes_no_path(a_model_folder: Path) -> None:
    for name in (str(a_model_folder), "../a_model", "..", ""):
        with pytest.raises(ModelNotFoundError):
            remove(name)
    find(a_model_folder).verify()


def test_a_damaged_model_hides_no_other_and_can_be_removed(a_model_folder: Path, the_store: Path) -> None:
    import_folder(a_model_folder)
    (the_store / "damaged").mkdir()
    (the_store / "damaged" / "model.json").write_text("{")
    assert "small" in [model.manifest.id for model in installed()]
    with pytest.raises(ModelError):
        find("damaged")
    remove("damaged")
    assert not (the_store / "damaged").exists()


def test_what_is_left_of_a_model_can_be_removed_and_imported_anew(
    a_model_folder: Path, the_store: Path
) -> None:
    import_folder(a_model_folder)
    (the_store / "small" / "model.json").unlink()  # a removal that a file in use stopped
    with pytest.raises(ModelError) as caught:
        import_folder(a_model_folder)
    assert caught.value.hint == "Remove the old one first: ichseg models remove small"
    remove("small")
    import_folder(a_model_folder).verify()


def test_a_model_that_was_copied_into_the_store_is_removed_by_the_id_that_the_list_shows(
    a_model_folder: Path, the_store: Path
) -> None:
    shutil.copytree(a_model_folder, the_store / "by_hand")
    remove(find("small").manifest.id)
    assert everything_in(the_store) == set()


@pytest.mark.parametrize("content", [b"no zip", b"PK\x03\x04" + bytes(60)])
def test_what_is_no_zip_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.zip").write_bytes(content)
    with pytest.raises(ModelError):
        import_folder(tmp_path / "model.zip")


def test_a_damaged_zip_is_refused(a_model_folder: Path, tmp_path: Path, the_store: Path) -> None:
    archive = zipped(a_model_folder, tmp_path / "model.zip")
    content = bytearray(archive.read_bytes())
    content[60] ^= 0xFF
    archive.write_bytes(content)
    with pytest.raises(ModelError):
        import_folder(archive)
    assert everything_in(the_store) == set()


@pytest.fixture
def a_server(tmp_path: Path) -> Iterator[str]:
    """Serves the folder ``tmp_path / "web"``."""
    web = tmp_path / "web"
    web.mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: object) -> None:
            super().__init__(*args, directory=str(web))  # type: ignore[arg-type]

        def log_message(self, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_a_model_is_downloaded_verified_and_installed(
    a_model_folder: Path, tmp_path: Path, a_server: str, the_store: Path
) -> None:
    archive = zipped(a_model_folder, tmp_path / "web" / "model.zip")
    download(f"{a_server}/model.zip", hashlib.sha256(archive.read_bytes()).hexdigest())
    find("small").verify()
    assert {path.name for path in the_store.iterdir()} == {"small"}


def test_a_download_with_another_hash_leaves_nothing(
    a_model_folder: Path, tmp_path: Path, a_server: str, the_store: Path
) -> None:
    zipped(a_model_folder, tmp_path / "web" / "model.zip")
    with pytest.raises(ModelTamperedError, match="0000"):
        download(f"{a_server}/model.zip", "0" * 64)
    assert everything_in(the_store) == set()


def test_a_download_that_is_too_large_is_stopped(
    tmp_path: Path, a_server: str, the_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "web" / "model.zip").write_bytes(bytes(3_000_000))
    monkeypatch.setattr(arrival, "LARGEST_WEIGHTS", 1_000_000)
    with pytest.raises(ModelError, match="at most 1000000"):
        download(f"{a_server}/model.zip", "0" * 64)
    assert everything_in(the_store) == set()


@pytest.mark.parametrize("address", ["/absent.zip", None])
def test_an_address_that_cannot_be_read_is_told(a_server: str, address: str | None) -> None:
    url = a_server + address if address else "http://127.0.0.1:1/model.zip"
    with pytest.raises(ModelError, match="could not read"):
        download(url, "0" * 64)


def test_only_web_addresses_are_downloaded(a_model_folder: Path, tmp_path: Path) -> None:
    archive = zipped(a_model_folder, tmp_path / "model.zip")
    with pytest.raises(ModelError, match="https"):
        download(archive.as_uri(), hashlib.sha256(archive.read_bytes()).hexdigest())


@pytest.mark.parametrize(
    ("platform", "variable", "expected"),
    [
        ("linux", "XDG_DATA_HOME", "data/ICHSegmentation/models"),
        ("win32", "LOCALAPPDATA", "data/ICHSegmentation/models"),
        ("darwin", "HOME", "data/Library/Application Support/ICHSegmentation/models"),
    ],
)
def test_models_live_in_the_platform_s_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: str, variable: str, expected: str
) -> None:
    monkeypatch.delenv("ICHSEG_MODELS")
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "data")
    monkeypatch.setenv(variable, str(tmp_path / "data"))
    assert store.store_folder() == tmp_path / expected


def test_an_imported_file_is_not_executable(a_model_folder: Path) -> None:
    weights = a_model_folder / "fine.safetensors"
    weights.chmod(weights.stat().st_mode | stat.S_IXUSR)
    if os.name == "nt":
        pytest.skip("Windows has no executable bit")
    import_folder(a_model_folder)
    assert not find("small").weights("fine").stat().st_mode & stat.S_IXUSR
