"""Several slice maps of one kind, trained from different seeds, that answer together."""

from typing import Any

import torch
from torch import Tensor, nn

from .slice_map import SliceMap


class SliceMapEnsemble(nn.Module):
    """The mean of its members' logits: what one of them mistakes, the others seldom do.

    Args:
        members: how many.
        arguments: of each :class:`~.slice_map.SliceMap`.
    """

    def __init__(self, members: int, **arguments: Any) -> None:
        super().__init__()
        self.members = nn.ModuleList(SliceMap(**arguments) for _ in range(members))

    def forward(self, slices: Tensor) -> Tensor:
        """Logits ``[B, C]`` of slices ``[B, in_channels, H, W]``."""
        return torch.stack([member(slices) for member in self.members]).mean(dim=0)

    def cells(self, slices: Tensor) -> Tensor:
        """Logits ``[B, C, H / 4, W / 4]`` of each cell: a map to be shown."""
        return torch.stack([member.cells(slices) for member in self.members]).mean(dim=0)  # type: ignore[operator]


def slice_map(members: int = 1, **arguments: Any) -> nn.Module:
    """A slice map, or several that answer together.

    Raises:
        ValueError: there is no member.
    """
    if members < 1:
        raise ValueError(f"expected at least one member, found {members}")
    return SliceMap(**arguments) if members == 1 else SliceMapEnsemble(members, **arguments)
