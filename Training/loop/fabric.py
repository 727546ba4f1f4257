"""The device, or the several processes and devices, that a training runs on (Lightning Fabric)."""

import os

import torch
from lightning_fabric import Fabric
from lightning_fabric.strategies import DDPStrategy
from torch import Tensor

from ICHSegmentationLib.errors import DeviceError

from .options import TrainOptions, processes


def make_fabric(options: TrainOptions) -> Fabric:
    """A launched Fabric; under torchrun it joins the other processes (gloo on CPUs, NCCL on GPUs).

    Raises:
        DeviceError: the accelerator is not on this machine.
    """
    accelerator = _accelerator(options)
    world = processes()
    here = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    backend = "nccl" if accelerator == "cuda" else "gloo"
    fabric = Fabric(
        accelerator=accelerator,
        devices=here,
        num_nodes=world // here,
        strategy=DDPStrategy(process_group_backend=backend) if world > 1 else "auto",
        precision=options.precision,
    )
    # The same run twice gives the same weights; where a GPU has no such algorithm, PyTorch warns.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    fabric.launch()
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.benchmark = False
    return fabric


def mean_over_processes(fabric: Fabric, value: Tensor) -> float:
    """The mean of each process's ``value``."""
    mean = fabric.all_reduce(value.clone(), reduce_op="mean")
    assert isinstance(mean, Tensor)
    return float(mean)


def _accelerator(options: TrainOptions) -> str:
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if options.accelerator == "auto":
        return next(name for name, present in there.items() if present)
    if not there[options.accelerator]:
        raise DeviceError(
            f"The accelerator '{options.accelerator}' was asked for, but PyTorch {torch.__version__} does "
            "not find it here.",
            "Use --accelerator auto, or install a PyTorch built for this device.",
        )
    return options.accelerator
