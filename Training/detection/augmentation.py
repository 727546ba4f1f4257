"""Slices disturbed as in Al Fahim, section III.B.2: flipped, shifted, turned, scaled, brighter or darker."""

import torch
from torch import Tensor
from torch.nn import functional as F

from ..recipes.al_fahim_detector import Augmentation


def augmented(windows: Tensor, augmentation: Augmentation, generator: torch.Generator) -> Tensor:
    """Windows ``[B, 3, H, W]`` of 0..1, each slice disturbed in its own way; beyond the image lies air, 0."""
    count, device = len(windows), windows.device

    def drawn(*size: int) -> Tensor:
        """Between -1 and 1."""
        return torch.rand(count, *size, generator=generator).to(device) * 2 - 1

    angle = torch.deg2rad(drawn() * augmentation.rotation_degrees)
    scale = 1 / (1 + drawn() * augmentation.scale)
    flip = torch.where((drawn() + 1) / 2 < augmentation.flip, -1.0, 1.0)
    shift = drawn(2) * augmentation.shift * 2  # the image is 2 wide
    theta = torch.stack(
        [
            torch.stack([flip * scale * angle.cos(), -scale * angle.sin(), shift[:, 0]], dim=1),
            torch.stack([flip * scale * angle.sin(), scale * angle.cos(), shift[:, 1]], dim=1),
        ],
        dim=1,
    )
    grid = F.affine_grid(theta, list(windows.shape), align_corners=False)
    moved = F.grid_sample(windows, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    brighter = drawn(1, 1, 1) * augmentation.brightness
    return (moved + brighter).clamp(0, 1)
