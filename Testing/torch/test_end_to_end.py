"""From a file to a result folder with the model that comes with the library."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from ICHSegmentationLib import models
from ICHSegmentationLib.inference.engines.choice import engines_here
from ICHSegmentationLib.phantom import make_phantom
from ICHSegmentationLib.pipeline import CaseResult, segment_case
from ICHSegmentationLib.settings import SegmentationSettings

pytestmark = pytest.mark.skipif(
    not (models.store.EMBEDDED / "model.json").is_file(), reason="no default model is embedded yet"
)

ROOT = Path(__file__).resolve().parents[2]
VOLUME_ML = 12.0
SETTINGS = SegmentationSettings(device="cpu", threads=2)


@dataclass(frozen=True)
class Scan:
    """Voxels in NIfTI order ``[column, row, slice]`` and the RAS affine that goes with them."""

    voxels: NDArray[Any]
    affine: NDArray[np.float64]

    def write(self, path: Path) -> Path:
        nib.save(nib.Nifti1Image(self.voxels, self.affine), path)
        return path

    def reoriented(self, codes: str) -> "Scan":
        """Stored in another order of axes, by nibabel; the patient stays where he is."""
        image = nib.Nifti1Image(self.voxels, self.affine)
        turn = nib.orientations.ornt_transform(
            nib.io_orientation(self.affine), nib.orientations.axcodes2ornt(tuple(codes))
        )
        turned = image.as_reoriented(turn)
        return Scan(np.asarray(turned.dataobj), turned.affine)

    def rotated(self, degrees: float) -> "Scan":
        """The patient turned about the longitudinal axis, so that the slices lie oblique to him."""
        c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        turn = np.array([[1, 0, 0, 0], [0, c, -s, 0], [0, s, c, 0], [0, 0, 0, 1.0]])
        return Scan(self.voxels, turn @ self.affine)

    def slices(self, first: int, last: int) -> "Scan":
        move = np.eye(4)
        move[2, 3] = first
        return Scan(self.voxels[:, :, first:last], self.affine @ move)

    def resampled(self, mm: tuple[float, float, float]) -> "Scan":
        """The same head on voxels of another size, linearly interpolated, image edge to image edge."""
        factors = np.linalg.norm(self.affine[:3, :3], axis=0) / mm
        voxels = ndimage.zoom(self.voxels, factors, order=1, grid_mode=True, mode="nearest")
        exact = np.array(self.voxels.shape) / voxels.shape
        scale = np.diag([*exact, 1.0])
        scale[:3, 3] = (exact - 1) / 2
        return Scan(voxels, self.affine @ scale)


@pytest.fixture(scope="module")
def a_phantom() -> tuple[Scan, NDArray[np.bool_]]:
    """A head with a bleeding into the brain, and the bleeding."""
    phantom = make_phantom(7, "intraparenchymal", VOLUME_ML, shape=(30, 230, 200), spacing=(5.0, 1.0, 1.0))
    return Scan(phantom.ct.voxels.T, phantom.ct.affine), phantom.mask.voxels.T > 0


@pytest.fixture(scope="module")
def canonical(
    a_phantom: tuple[Scan, NDArray[np.bool_]], tmp_path_factory: pytest.TempPathFactory
) -> CaseResult:
    folder = tmp_path_factory.mktemp("canonical")
    return segment_case(a_phantom[0].write(folder / "ct.nii.gz"), folder / "out", SETTINGS)


def dice(one: NDArray[np.bool_], two: NDArray[np.bool_]) -> float:
    return float(2 * np.count_nonzero(one & two) / (np.count_nonzero(one) + np.count_nonzero(two)))


def mask_of(result: CaseResult) -> nib.Nifti1Image:
    return nib.load(result.paths["mask"])


def found_in(result: CaseResult) -> NDArray[np.bool_]:
    return np.asarray(mask_of(result).dataobj) > 0


def test_a_bleeding_of_the_phantom_is_outlined(
    a_phantom: tuple[Scan, NDArray[np.bool_]], canonical: CaseResult
) -> None:
    assert dice(found_in(canonical), a_phantom[1]) > 0.8
    assert canonical.measurements["total_volume_ml"] == pytest.approx(VOLUME_ML, rel=0.25)


def test_another_run_by_the_command_line_gives_the_same_bytes_and_numbers(
    a_phantom: tuple[Scan, NDArray[np.bool_]], canonical: CaseResult, tmp_path: Path
) -> None:
    ct = a_phantom[0].write(tmp_path / "ct.nii.gz")
    command = [sys.executable, "-m", "ICHSegmentationLib", "segment", str(ct), "-o", str(tmp_path / "out")]
    command += ["--device", "cpu", "--threads", "2", "--events", "jsonl"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=os.environ)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["event"] == "result"
    assert {Path(path).name for path in result["paths"].values()} == {
        "segmentation.nii.gz", "measurements.json", "report.html", "preview.png",
    }  # fmt: skip
    with Image.open(result["paths"]["preview"]) as preview:
        preview.verify()
    assert "Research use only" in Path(result["paths"]["report"]).read_text("utf-8")
    assert Path(result["paths"]["mask"]).read_bytes() == canonical.paths["mask"].read_bytes()
    assert without_times(result["measurements"]) == without_times(canonical.measurements)


def without_times(measurements: dict[str, Any]) -> dict[str, Any]:
    """As they are read from the file, without what differs from run to run."""
    kept = {key: value for key, value in measurements.items() if key not in ("timings_s", "peak_memory_mb")}
    return json.loads(json.dumps(kept))


@pytest.mark.parametrize("codes", ["RAS", "LAS", "PIR"])
def test_the_order_in_which_voxels_are_stored_does_not_matter(
    a_phantom: tuple[Scan, NDArray[np.bool_]], canonical: CaseResult, tmp_path: Path, codes: str
) -> None:
    """Flipped, left-handed and sagittally or coronally stored scans."""
    stored = a_phantom[0].reoriented(codes)
    result = segment_case(stored.write(tmp_path / "ct.nii.gz"), tmp_path / "out", SETTINGS)
    assert np.allclose(mask_of(result).affine, stored.affine)
    expected = Scan(found_in(canonical).astype(np.uint8), a_phantom[0].affine).reoriented(codes)
    assert np.array_equal(found_in(result), expected.voxels > 0)


def test_an_oblique_scan_gives_the_same_mask_on_its_own_grid(
    a_phantom: tuple[Scan, NDArray[np.bool_]], canonical: CaseResult, tmp_path: Path
) -> None:
    oblique = a_phantom[0].rotated(17)
    result = segment_case(oblique.write(tmp_path / "ct.nii.gz"), tmp_path / "out", SETTINGS)
    assert np.allclose(mask_of(result).affine, oblique.affine, atol=1e-4)
    assert dice(found_in(result), found_in(canonical)) > 0.99


@pytest.mark.parametrize("mm", [(1.3, 0.8, 5.0)], ids=["anisotropic"])
def test_the_voxel_size_hardly_changes_the_volume(
    a_phantom: tuple[Scan, NDArray[np.bool_]], canonical: CaseResult, tmp_path: Path,
    mm: tuple[float, float, float],
) -> None:  # fmt: skip
    other = a_phantom[0].resampled(mm)
    result = segment_case(other.write(tmp_path / "ct.nii.gz"), tmp_path / "out", SETTINGS)
    assert mask_of(result).shape == other.voxels.shape
    assert result.measurements["total_volume_ml"] == pytest.approx(
        canonical.measurements["total_volume_ml"], rel=0.15
    )


def test_an_isotropic_scan_of_150_slices_is_outlined(tmp_path: Path) -> None:
    phantom = make_phantom(7, "intraparenchymal", VOLUME_ML, shape=(150, 230, 200), spacing=(1.0, 1.0, 1.0))
    scan = Scan(phantom.ct.voxels.T, phantom.ct.affine)
    result = segment_case(scan.write(tmp_path / "ct.nii.gz"), tmp_path / "out", SETTINGS)
    assert mask_of(result).shape == (200, 230, 150)
    assert dice(found_in(result), phantom.mask.voxels.T > 0) > 0.8


def test_a_partial_head_of_twenty_slices_gives_the_bleeding_in_them(
    a_phantom: tuple[Scan, NDArray[np.bool_]], canonical: CaseResult, tmp_path: Path
) -> None:
    part = a_phantom[0].slices(10, 30)
    result = segment_case(part.write(tmp_path / "ct.nii.gz"), tmp_path / "out", SETTINGS)
    assert dice(found_in(result), found_in(canonical)[:, :, 10:30]) > 0.9


def test_a_single_slice_gives_a_mask_of_one_slice(
    a_phantom: tuple[Scan, NDArray[np.bool_]], canonical: CaseResult, tmp_path: Path
) -> None:
    truth = a_phantom[1]
    largest = int(truth.sum(axis=(0, 1)).argmax())
    one = a_phantom[0].slices(largest, largest + 1)
    result = segment_case(one.write(tmp_path / "ct.nii.gz"), tmp_path / "out", SETTINGS)
    assert mask_of(result).shape == one.voxels.shape
    assert dice(found_in(result)[:, :, 0], truth[:, :, largest]) > 0.7
    assert any("1 slice" in warning for warning in result.measurements["warnings"])


def test_a_head_without_hemorrhage_gives_an_empty_result(tmp_path: Path) -> None:
    phantom = make_phantom(3, None, shape=(30, 230, 200), spacing=(5.0, 1.0, 1.0))
    scan = Scan(phantom.ct.voxels.T, phantom.ct.affine)
    result = segment_case(scan.write(tmp_path / "ct.nii.gz"), tmp_path / "out", SETTINGS)
    assert result.measurements["total_volume_ml"] < 0.3


def test_a_gpu_gives_the_cpus_mask(
    a_phantom: tuple[Scan, NDArray[np.bool_]], canonical: CaseResult, tmp_path: Path
) -> None:
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device on this machine")
    settings = SegmentationSettings(device="cuda")
    result = segment_case(a_phantom[0].write(tmp_path / "ct.nii.gz"), tmp_path / "out", settings)
    assert dice(found_in(result), found_in(canonical)) >= 0.995


def test_pytorch_gives_the_mask_of_the_engine_that_is_taken_automatically(
    a_phantom: tuple[Scan, NDArray[np.bool_]], canonical: CaseResult, tmp_path: Path
) -> None:
    settings = SegmentationSettings(device="cpu", threads=2, engine="torch")
    result = segment_case(a_phantom[0].write(tmp_path / "ct.nii.gz"), tmp_path / "out", settings)
    volumes = [r.measurements["total_volume_ml"] for r in (result, canonical)]
    assert result.measurements["engine"] == "torch"
    assert canonical.measurements["engine"] == engines_here()[0]
    assert dice(found_in(result), found_in(canonical)) >= 0.995
    assert volumes[0] == pytest.approx(volumes[1], rel=0.005)


def test_a_scan_is_segmented_without_loading_torch_where_openvino_is_installed(
    a_phantom: tuple[Scan, NDArray[np.bool_]], canonical: CaseResult, tmp_path: Path
) -> None:
    pytest.importorskip("openvino")
    ct = a_phantom[0].write(tmp_path / "ct.nii.gz")
    code = (
        "import sys; from ICHSegmentationLib.cli import main; "
        f"main(['segment', {str(ct)!r}, '-o', {str(tmp_path / 'out')!r}, '--device', 'cpu']); "
        "print('LOADED', *sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    loaded = set(done.stdout.rpartition("LOADED")[2].split())
    assert "openvino" in loaded, done.stderr
    assert not {"torch", "monai"} & loaded
    written = nib.load(tmp_path / "out" / "ct" / "segmentation.nii.gz")
    assert dice(np.asarray(written.dataobj) > 0, found_in(canonical)) > 0.999
