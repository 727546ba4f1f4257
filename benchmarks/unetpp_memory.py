"""The memory of a 3D U-Net++ on one scan, its skips concatenated or added: measured, a process for each.

    python benchmarks/unetpp_memory.py --shape 32 256 256

Al Fahim, section V: scans of 512 x 512 pixels do not fit "because of the model's complexity", which is to be
overcome by "adding up the tensors in the skip connections instead of concatenating them". The peak resident
memory of a process that only loads the network is taken off. docs/recipes.md has it beside what is counted
without computing, also for a whole scan. Three minutes on two idle cores for a quarter of a scan; training
on a whole one takes more than 24 GB. Linux, macOS.
"""

import argparse
import sys

from processes import machine, table, timed

NETWORKS = {"concatenated": "MONAI's BasicUNetPlusPlus", "added": "al_fahim_3d_additive"}
TASKS = {"use": "a scan in use", "train": "a training step"}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shape", type=int, nargs=3, default=[32, 256, 256], metavar=("D", "H", "W"))
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)  # how it starts itself
    arguments = parser.parse_args()
    if arguments.one:
        work(*arguments.one, arguments.shape)
        return
    shape = [str(side) for side in arguments.shape]

    def peak(network: str, task: str) -> float:
        run = timed([sys.executable, __file__, "--shape", *shape, "--one", network, task])
        return run.peak_mb

    bare = {network: peak(network, "nothing") for network in NETWORKS}
    rows = [
        [text, *(f"{(peak(network, task) - bare[network]) / 1073.74:.1f}" for network in NETWORKS)]
        for task, text in TASKS.items()
    ]
    print(f"{' x '.join(shape)} voxels, GiB; {machine()}\n")
    print(table(["", *(f"{network} ({name})" for network, name in NETWORKS.items())], rows))


def work(name: str, task: str, shape: list[int]) -> None:
    """What one process does: nothing, an answer, or an answer and the gradients."""
    import torch
    from monai.networks.nets import BasicUNetPlusPlus

    from ICHSegmentationLib.networks import build
    from Training.recipes import recipe

    (stage,) = recipe("al_fahim_3d_additive").stages
    features = stage.network["features"]
    relu = ("relu", {"inplace": True})
    network = (
        build(stage.network)
        if name == "added"
        else BasicUNetPlusPlus(3, 1, 1, features=(*features, features[0]), act=relu, norm="batch", bias=False)
    )
    if task == "nothing":
        return
    with torch.set_grad_enabled(task == "train"):
        answer = network.train(task == "train")(torch.rand(1, 1, *shape))
        if task == "train":
            (answer[0] if isinstance(answer, list) else answer).mean().backward()


if __name__ == "__main__":
    main()
