"""The loss of the RSNA challenge: a weighted log loss in which "any" counts twice.

Flanders et al., Radiology: Artificial Intelligence 2(3), 2020: six labels a slice, the weighted mean of their
log losses; Burduja et al., Sensors 20(19):5611, 2020, section 3.2, give "any" twice the weight of a subtype.
"""

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from .predictions import CLASS_WEIGHTS


def weighted_log_loss(logits: Tensor, flags: Tensor) -> Tensor:
    """One number: the weighted mean log loss of the known flags; 0 where none is known.

    Args:
        logits: ``[..., 6]``.
        flags: ``[..., 6]`` of 0 and 1; below 0 where nobody told.
    """
    known = flags >= 0
    weights = torch.tensor(CLASS_WEIGHTS, device=logits.device, dtype=logits.dtype) * known
    each = binary_cross_entropy_with_logits(logits, flags.clamp(min=0).to(logits.dtype), reduction="none")
    return (each * weights).sum() / weights.sum().clamp(min=1e-6)
