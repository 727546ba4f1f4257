"""What one other program takes for the same scan, as one line of JSON. Started by performance.py.

    python benchmarks/peer_speed.py PEER CT THREADS [--whole]

Peers: ``monai`` (the default model's fine network over the whole scan by MONAI's sliding_window_inference),
``nnunet`` and ``nnunet-mirrored`` (a network of the size of Xu et al. in nnU-Net v2's own predictor) and
``blast-ct`` (its DeepMedic). All weights but the first's are random: only time and memory mean something.
Peers that need minutes are timed on one window, in the middle of the scan, and ``windows`` tells how many the
scan has; ``--whole`` runs them all.
"""

import argparse
import json
import math
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch

from ICHSegmentationLib.inference.resampling import resample
from ICHSegmentationLib.io import read_ct
from ICHSegmentationLib.volume import CTVolume

PUBLISHED_PATCH = (16, 320, 320)  # Xu et al., arXiv:2401.04570, section 4.3
BLAST_CT = {"feature_maps": [30, 30, 40, 40, 40, 40, 50, 50], "fully_connected": [250, 250]}
BLAST_CT_INPUT = (110, 110, 110)  # both from the package's own config.json, as its resolution of 1 mm

Work = tuple[Callable[[], object], int]
"""What to time, and how often a scan needs it."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("ct", type=Path)
    parser.add_argument("threads", type=int)
    parser.add_argument("--whole", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    work, windows = PEERS[arguments.peer](read_ct(arguments.ct), arguments.whole)
    wall, cpu = time.perf_counter(), time.process_time()
    with torch.inference_mode():
        work()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    measured = {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}
    print(json.dumps({"windows": windows, **measured, "peak_mb": peak / 1e6}))


def monai(ct: CTVolume, whole: bool) -> Work:
    from monai.inferers import sliding_window_inference

    from ICHSegmentationLib import models
    from ICHSegmentationLib.inference.engines.torch_network import folded_module
    from ICHSegmentationLib.inference.network_grid import NetworkGrid

    model = models.default_model()
    stage = model.manifest.stages["fine"]
    grid = NetworkGrid.of(ct.voxels.shape, ct.grid.spacing, stage.spacing_mm)
    image = torch.from_numpy(grid.image(ct.voxels, stage.windows))
    network = folded_module(model, "fine").to(memory_format=torch.channels_last_3d)
    return lambda: sliding_window_inference(image, stage.patch, 1, network, 0.25, mode="gaussian"), 1


def nnunet(ct: CTVolume, whole: bool, mirrored: bool = False) -> Work:
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor

    from ICHSegmentationLib.networks.residual_unet import ResidualUNet

    predictor = nnUNetPredictor(
        use_mirroring=mirrored, perform_everything_on_device=False, device=torch.device("cpu"), verbose=False
    )
    predictor.network = ResidualUNet().eval()
    predictor.configuration_manager = SimpleNamespace(patch_size=PUBLISHED_PATCH)
    predictor.label_manager = SimpleNamespace(num_segmentation_heads=2)
    predictor.allowed_mirroring_axes = (0, 1, 2)
    image = standardised(ct)
    windows = len(predictor._internal_get_sliding_window_slicers(image.shape[1:]))
    if whole:
        return lambda: predictor.predict_sliding_window_return_logits(image), 1
    one = _middle(image, PUBLISHED_PATCH)
    return lambda: predictor.predict_sliding_window_return_logits(one), windows


def nnunet_mirrored(ct: CTVolume, whole: bool) -> Work:
    return nnunet(ct, whole, mirrored=True)


def blast_ct(ct: CTVolume, whole: bool) -> Work:
    from blast_ct.models.deepmedic import DeepMedic

    network = DeepMedic(input_channels=1, num_classes=5, **BLAST_CT).eval()
    size = [n * mm for n, mm in zip(ct.voxels.shape, ct.grid.spacing, strict=True)]
    given = network.calculate_output_size(BLAST_CT_INPUT)
    windows = math.prod(math.ceil(mm / n) for mm, n in zip(size, given, strict=True))
    image = resample(standardised(ct), [round(mm) for mm in size])  # 1 mm, as the package makes it
    window = _middle(image, BLAST_CT_INPUT)[None]
    if whole:
        return lambda: [network(window) for _ in range(windows)], 1
    return lambda: network(window), windows


def _middle(image: torch.Tensor, size: tuple[int, ...]) -> torch.Tensor:
    """The window ``[C, d, h, w]`` in the middle of ``image`` ``[C, D, H, W]``, with zeros around where it is
    the larger one."""
    missing = [max(0, want - have) for want, have in zip(size, image.shape[1:], strict=True)]
    padding = [part for m in reversed(missing) for part in (m // 2, m - m // 2)]
    padded = torch.nn.functional.pad(image, padding)
    starts = [(have - want) // 2 for want, have in zip(size, padded.shape[1:], strict=True)]
    return padded[(slice(None), *(slice(s, s + n) for s, n in zip(starts, size, strict=True)))].contiguous()


def standardised(ct: CTVolume) -> torch.Tensor:
    hu = torch.from_numpy(np.ascontiguousarray(ct.voxels)).float()
    return ((hu - hu.mean()) / hu.std())[None]


PEERS: dict[str, Callable[[CTVolume, bool], Work]] = {
    "monai": monai,
    "nnunet": nnunet,
    "nnunet-mirrored": nnunet_mirrored,
    "blast-ct": blast_ct,
}

if __name__ == "__main__":
    main()
