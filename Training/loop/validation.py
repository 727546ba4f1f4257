"""How good a network is on the validation cases, run exactly as its export will be."""

from collections.abc import Sequence

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from torch import nn

from ICHSegmentationLib.inference.staged import StagedNetwork
from ICHSegmentationLib.models import Stage
from Training.datasets import Case

from .fabric import mean_over_processes
from .scans import ScanStore


def mean_dice(
    stage: Stage,
    network: nn.Module,
    cases: Sequence[Case],
    store: ScanStore,
    threshold: float,
    fabric: Fabric,
) -> float:
    """Mean over the cases of the Dice at ``threshold``, on the scans' own grids; shared by all processes.

    Args:
        stage: as in a manifest, without weights.
        network: bare, not wrapped for several processes.
        cases: at least one.
    """
    training = network.training
    runner = StagedNetwork(stage, network.eval(), fabric.device)
    own = cases[fabric.global_rank :: fabric.world_size]
    total = 0.0
    with fabric.autocast():
        for case in own:
            scan = store.scan(case)
            found = runner.probability(scan.hu, scan.spacing, store.prior(case))
            total += dice(found >= threshold, scan.mask > 0)
    network.train(training)
    summed = torch.tensor(total, dtype=torch.float32, device=fabric.device)
    return mean_over_processes(fabric, summed) * fabric.world_size / len(cases)


def dice(found: NDArray[np.bool_], reference: NDArray[np.bool_]) -> float:
    """``2 |A and B| / (|A| + |B|)``; 1 where both are empty."""
    both = int(np.count_nonzero(found)) + int(np.count_nonzero(reference))
    return 1.0 if both == 0 else 2 * int(np.count_nonzero(found & reference)) / both
