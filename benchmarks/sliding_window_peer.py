"""The published way, for comparison: a network of the size of Xu et al. over the whole scan in windows.

    python benchmarks/sliding_window_peer.py CT THREADS

One stage, patch 16 x 320 x 320, step 8 x 160 x 160, overlaps averaged (Xu et al., arXiv:2401.04570, section
4.3), by MONAI's sliding_window_inference. The weights are random: only time and memory mean something.
"""

import sys
from pathlib import Path

import torch
from monai.inferers import sliding_window_inference

from ICHSegmentationLib.io import read_ct
from ICHSegmentationLib.networks.residual_unet import ResidualUNet

PATCH = (16, 320, 320)


def main(scan: Path, threads: int) -> None:
    torch.set_num_threads(threads)
    hu = torch.from_numpy(read_ct(scan).voxels).float()
    image = ((hu - hu.mean()) / hu.std())[None, None]
    network = ResidualUNet().eval()
    with torch.inference_mode():
        logits = sliding_window_inference(image, PATCH, 1, network, overlap=0.5)
    assert isinstance(logits, torch.Tensor)
    logits.argmax(dim=1)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
