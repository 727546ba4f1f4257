"""Overlapping windows as in :mod:`ICHSegmentationLib.inference.sliding`, several at once, on a device."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from ...cancellation import checkpoint
from ..engines.computing import AtOnce
from ..sliding import Layout, importance


def in_windows_on(
    image: Tensor,
    run: Callable[[Tensor], Tensor],
    patch: Sequence[int],
    at_once: AtOnce,
    divisor: Sequence[int] = (1, 1, 1),
) -> Tensor:
    """What :func:`ICHSegmentationLib.inference.sliding.in_windows` gives, ``[1, K, D, H, W]``.

    Args:
        image: ``[1, C, D, H, W]``.
        run: takes ``[B, C, d, h, w]`` and gives ``[B, K, d, h, w]``.
        at_once: how many windows ``run`` is given.

    Raises:
        RuntimeError: not even one window fits.
    """
    layout = Layout.of(image.shape[2:], patch, divisor)
    padded = F.pad(image, [n for side in reversed(layout.padding) for n in side], value=layout.fill)
    boxes = layout.boxes
    weight = torch.from_numpy(importance(layout.window)).to(image.device)

    def answers(number: int) -> Tensor:
        checkpoint()
        if len(boxes) == 1:
            return run(padded)
        answer, total = None, torch.zeros(padded.shape[2:], device=image.device)
        for first in range(0, len(boxes), number):
            checkpoint()
            some = boxes[first : first + number]
            found = run(torch.cat([padded[box] for box in some])) * weight
            if answer is None:
                answer = found.new_zeros((1, found.shape[1], *padded.shape[2:]))
            for box, one in zip(some, found, strict=True):
                answer[box] += one
                total[box[2:]] += weight
        assert answer is not None
        return answer / total

    return at_once.run(answers, len(boxes))[layout.inside]
