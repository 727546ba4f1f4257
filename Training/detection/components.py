"""Principal components of the slices' features, fitted scan by scan: no matrix of all slices is needed."""

from collections.abc import Iterable

import torch
from torch import Tensor

from ICHSegmentationLib.errors import InputError


def principal_components(features: Iterable[Tensor], count: int) -> tuple[Tensor, Tensor]:
    """Mean ``[F]`` and the ``count`` strongest directions ``[count, F]`` of many scans' features ``[S, F]``.

    Raises:
        InputError: there are fewer slices than components.
    """
    slices, total, products = 0, torch.zeros(0), torch.zeros(0)
    for part in features:
        values = part.double()
        if slices == 0:
            total, products = values.new_zeros(values.shape[1]), values.new_zeros(2 * [values.shape[1]])
        slices += len(values)
        total += values.sum(0)
        products += values.T @ values
    if slices <= count:
        raise InputError(
            f"Expected more slices than the {count} components to be fitted, found {slices}.",
            "Train on more scans.",
        )
    mean = total / slices
    covariance = products / slices - torch.outer(mean, mean)
    _, directions = torch.linalg.eigh(covariance)  # the weakest first
    return mean.float(), directions.T.flip(0)[:count].float().contiguous()
