import numpy as np
import pytest
import SimpleITK as sitk
from io_grids import GRIDS, RAS_LPS, SHAPE, voxels

from ICHSegmentationLib.errors import NotAnImageError, NotHounsfieldError, NotThreeDimensionalError
from ICHSegmentationLib.io import read_ct

SUFFIXES = [".nrrd", ".nhdr", ".mha", ".mhd"]


def save(path, array, grid):
    image = sitk.GetImageFromArray(array)
    lps = RAS_LPS @ grid
    spacing = np.linalg.norm(lps[:3, :3], axis=0)
    image.SetSpacing(spacing)
    image.SetDirection((lps[:3, :3] / spacing).ravel())
    image.SetOrigin(lps[:3, 3])
    sitk.WriteImage(image, str(path), True)
    return path


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("name", GRIDS)
def test_voxels_and_affine_are_those_of_the_file_even_where_it_is_sheared(tmp_path, name, suffix):
    ct = read_ct(save(tmp_path / f"ct{suffix}", voxels(), GRIDS[name]))
    assert ct.voxels.dtype == np.int16
    np.testing.assert_array_equal(ct.voxels, voxels())
    np.testing.assert_allclose(ct.affine, GRIDS[name], atol=1e-9)
    assert ct.warnings == ()


def test_a_file_in_ras_space_is_placed_the_same(tmp_path):
    nrrd = pytest.importorskip("nrrd")
    grid = GRIDS["oblique and tilted"]
    header = {
        "space": "right-anterior-superior",
        "space directions": grid[:3, :3].T,
        "space origin": grid[:3, 3],
    }
    nrrd.write(str(tmp_path / "ct.nrrd"), voxels().T, header)
    ct = read_ct(tmp_path / "ct.nrrd")
    np.testing.assert_allclose(ct.affine, grid, atol=1e-9)
    np.testing.assert_array_equal(ct.voxels, voxels())


def test_a_nrrd_without_orientation_is_read_with_a_warning(tmp_path):
    nrrd = pytest.importorskip("nrrd")
    nrrd.write(str(tmp_path / "ct.nrrd"), voxels().T, {"spacings": [0.45, 0.5, 5.0]})
    ct = read_ct(tmp_path / "ct.nrrd")
    assert ct.grid.spacing == pytest.approx((5.0, 0.5, 0.45))
    assert "left and right" in ct.warnings[0]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("name", ["LPS", "oblique", "axes exchanged", "tilted"])
def test_a_series_of_one_frame_is_the_volume_in_it(tmp_path, name, suffix):
    frame = sitk.ReadImage(str(save(tmp_path / "frame.mha", voxels(), GRIDS[name])))
    sitk.WriteImage(sitk.JoinSeries([frame], 7.0, 2.0), str(tmp_path / f"ct{suffix}"))
    ct = read_ct(tmp_path / f"ct{suffix}")
    np.testing.assert_array_equal(ct.voxels, voxels())
    np.testing.assert_allclose(ct.affine, GRIDS[name], atol=1e-9)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_series_of_two_frames_is_refused(tmp_path, suffix):
    frame = sitk.GetImageFromArray(voxels())
    sitk.WriteImage(sitk.JoinSeries([frame, frame]), str(tmp_path / f"ct{suffix}"))
    with pytest.raises(NotThreeDimensionalError, match="several"):
        read_ct(tmp_path / f"ct{suffix}")


def test_a_nrrd_of_one_frame_and_nothing_but_spacings_is_read(tmp_path):
    header = (
        "type: short\ndimension: 4\nsizes: 7 6 5 1\nspacings: 0.45 0.5 5 2\nendian: little\nencoding: raw\n"
    )
    (tmp_path / "ct.nrrd").write_bytes(f"NRRD0004\n{header}\n".encode() + voxels().astype("<i2").tobytes())
    ct = read_ct(tmp_path / "ct.nrrd")
    np.testing.assert_array_equal(ct.voxels, voxels())
    assert ct.grid.spacing == pytest.approx((5.0, 0.5, 0.45))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_garbage_and_truncated_files_are_told(tmp_path, suffix):
    (tmp_path / f"text{suffix}").write_text("patient,volume\n")
    with pytest.raises(NotAnImageError, match="text"):
        read_ct(tmp_path / f"text{suffix}")


@pytest.mark.parametrize("suffix", [".nrrd", ".mha"])
def test_truncated_files_are_told(tmp_path, suffix):
    path = save(tmp_path / f"ct{suffix}", voxels((20, 64, 64)), GRIDS["LPS"])
    path.write_bytes(path.read_bytes()[:-20000])
    with pytest.raises(NotAnImageError):
        read_ct(path)


def test_flat_images_colours_and_several_volumes_are_refused(tmp_path):
    sitk.WriteImage(sitk.GetImageFromArray(np.zeros((6, 7), np.int16)), str(tmp_path / "flat.mha"))
    with pytest.raises(NotThreeDimensionalError):
        read_ct(tmp_path / "flat.mha")
    colours = sitk.GetImageFromArray(np.zeros((*SHAPE, 3), np.uint8), isVector=True)
    sitk.WriteImage(colours, str(tmp_path / "colours.nrrd"))
    with pytest.raises(NotHounsfieldError, match="colours"):
        read_ct(tmp_path / "colours.nrrd")
    several = sitk.GetImageFromArray(np.zeros((2, *SHAPE), np.int16), isVector=False)
    sitk.WriteImage(several, str(tmp_path / "several.mha"))
    with pytest.raises(NotThreeDimensionalError):
        read_ct(tmp_path / "several.mha")
