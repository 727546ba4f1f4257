"""What to change when the memory does not suffice."""

from collections.abc import Iterator
from contextlib import contextmanager

from ICHSegmentationLib.errors import InsufficientMemoryError
from Training.recipes.recipe import StageRecipe, Three

from .fitting_patch import misfit
from .options import TrainOptions

# PyTorch says "CUDA out of memory" on a GPU and "can't allocate memory" or "not enough memory" on a CPU; it
# raises a RuntimeError for all of them.
_OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")


@contextmanager
def memory_advice(stage: StageRecipe, options: TrainOptions) -> Iterator[None]:
    """Turn lack of memory into an error that names the options to change, with values that fit the stage.

    Raises:
        InsufficientMemoryError: the block ran out of memory, on the CPU or the GPU.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        told = str(error).partition("\n")[0]
        if isinstance(error, RuntimeError) and not any(words in told.lower() for words in _OUT_OF_MEMORY):
            raise
        raise InsufficientMemoryError(
            f"The memory did not suffice to train '{stage.name}' with batches of {stage.batch} patches of "
            f"{' x '.join(map(str, stage.patch))} voxels in {options.precision} ({told or 'MemoryError'}).",
            f"Try {', or '.join(_advice(stage, options))}. A smaller batch or patch is another "
            "training and needs another output folder.",
        ) from error


def _advice(stage: StageRecipe, options: TrainOptions) -> list[str]:
    advice = []
    if options.precision == "32-true":
        advice.append("--precision 16-mixed (bf16-mixed on a CPU)")
    if stage.batch > 1:
        advice.append(f"--batch {stage.batch // 2}")
    smaller = _smaller_patch(stage)
    if smaller is not None:
        advice.append(f"--patch {' '.join(map(str, smaller))}")
    if options.workers:
        advice.append("fewer --workers")
    return advice or ["a computer with more memory"]


def _smaller_patch(stage: StageRecipe) -> Three | None:
    """Half in plane, or with half the slices; None where the network takes neither."""
    slices, rows, columns = stage.patch
    for patch in ((slices, rows // 2, columns // 2), (slices // 2, rows, columns)):
        smaller = stage.with_patch(patch)
        if min(patch) and smaller != stage and not misfit(smaller):
            return smaller.patch
    return None
