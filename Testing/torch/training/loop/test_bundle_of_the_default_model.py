"""The embedded model as a MONAI Bundle, put together by MONAI's own classes."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch
from monai.bundle import ConfigParser

from ICHSegmentationLib.errors import InputError
from ICHSegmentationLib.io import read_ct
from ICHSegmentationLib.models import default_model
from ICHSegmentationLib.phantom import make_phantom
from ICHSegmentationLib.pipeline import load_segmenter
from ICHSegmentationLib.settings import SegmentationSettings
from Training.loop.formats import export_as
from Training.loop.whole_scan import WholeScan


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> ConfigParser:
    folder = tmp_path_factory.mktemp("bundles") / "bundle"
    export_as("bundle", default_model().path, folder)
    parser = ConfigParser()
    parser.read_config(folder / "configs" / "inference.json")
    parser.read_meta(folder / "configs" / "metadata.json")
    parser["bundle_root"] = str(folder)
    return parser


def save_small_phantom(path: Path) -> None:
    """Every second pixel of a head with a hemorrhage."""
    ct = make_phantom(3, "intraparenchymal", 15.0).ct
    affine = ct.affine @ np.diag([2.0, 2.0, 1.0, 1.0])
    nib.save(nib.Nifti1Image(ct.voxels[:, ::2, ::2].T, affine), path)


def test_the_parts_of_the_bundle_give_the_mask_of_the_library(bundle: ConfigParser, tmp_path: Path) -> None:
    scan = tmp_path / "ct.nii.gz"
    save_small_phantom(scan)
    item = bundle.get_parsed_content("preprocessing")({"image": str(scan)})
    network = bundle.get_parsed_content("network_def")
    weights = Path(bundle["bundle_root"]) / "models" / "model.pt"
    network.load_state_dict(torch.load(weights, weights_only=True))
    with torch.no_grad():
        item["pred"] = bundle.get_parsed_content("inferer")(item["image"][None], network)[0]
    mask = bundle.get_parsed_content("postprocessing")(item)["pred"]
    ct = read_ct(scan)
    expected = load_segmenter(SegmentationSettings())(ct, lambda stage, fraction: None).mask
    assert expected.voxels.any()
    assert mask.dtype == torch.uint8
    np.testing.assert_array_equal(mask.numpy()[0].T, expected.voxels)
    np.testing.assert_allclose(mask.affine, ct.affine, atol=1e-4)


@pytest.mark.parametrize("image", [torch.zeros(1, 1, 8, 8, 8), torch.zeros(2, 1, 8, 8, 8)])
def test_what_is_not_one_placed_scan_is_refused(bundle: ConfigParser, image: torch.Tensor) -> None:
    with pytest.raises(InputError, match=r"\[1, 1, W, H, D\]"):
        WholeScan(Path(bundle["bundle_root"]) / "model")(image)
