"""What a published method consists of, as plain data: every setting of it stands in one :class:`Recipe`.

Recipes are frozen; a variant is made with :func:`dataclasses.replace`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from ICHSegmentationLib.errors import InputError

Normalisation = Literal["window", "zscore", "minmax", "mean_std"]
Activation = Literal["softmax", "sigmoid"]
EarlierUse = Literal["channel", "replace", "region"]
Three = tuple[int, int, int]


@dataclass(frozen=True)
class Step:
    """One augmentation: its name in :data:`Training.augmentation.AUGMENTATIONS`, and its numbers."""

    name: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class LossTerm:
    """One summand of a loss.

    Attributes:
        name: ``dice``, ``cross_entropy`` (all channels, softmax), ``binary_cross_entropy`` (sigmoid) or
            ``jaccard``.
        weight: factor of this term in the sum.
        params: numbers of the term, such as ``class_weights`` or ``squared``.
    """

    name: Literal["dice", "cross_entropy", "binary_cross_entropy", "jaccard"]
    weight: float = 1.0
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class LossRecipe:
    """A weighted sum of terms, taken at every supervised decoder level.

    Attributes:
        level_weights: how the levels of deep supervision add up: all alike and summed (``equal``), or each
            half of the finer one, the weights summing to 1, as nnU-Net has it (``halving``).
    """

    terms: tuple[LossTerm, ...]
    level_weights: Literal["equal", "halving"] = "equal"


@dataclass(frozen=True)
class OptimizerRecipe:
    """The optimizer; ``gradient_clip`` is the largest norm of the gradient, None leaves it as it is."""

    name: Literal["adam", "adamw", "sgd"]
    learning_rate: float
    params: Mapping[str, Any] = field(default_factory=dict)
    gradient_clip: float | None = None


@dataclass(frozen=True)
class SchedulerRecipe:
    """How the learning rate changes; the numbers are in epochs.

    ``constant``; ``poly`` with ``power`` (and ``epochs``, the stage's own number where it is not given);
    ``cosine_warm_restarts`` with ``first_period`` and ``period_factor``.
    """

    name: Literal["constant", "poly", "cosine_warm_restarts"] = "constant"
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Intensities:
    """HU of the hemorrhage voxels in a data set: percentiles 0.5 and 99.5, mean, standard deviation.

    nnU-Net's normalisation of CT is made of these (Isensee et al. 2021, supplement, "intensity
    normalization").
    """

    low: float
    high: float
    mean: float
    std: float


@dataclass(frozen=True)
class StageRecipe:
    """One network of a recipe: what it sees, how it learns, how it is run.

    All sizes are in order slice, row, column. A patch of one slice means a 2D network: it is fed
    ``[B, C, H, W]``.

    Attributes:
        network: ``kind`` and arguments, as in ``model.json``, for :func:`ICHSegmentationLib.networks.build`.
        patch: voxels ``(D, H, W)`` of a training patch and of a window in use.
        spacing_mm: voxel spacing that the network sees; None leaves the scan's own.
        shape: every scan (or region) is resized to this; None resizes to ``spacing_mm`` only.
        windows: ``(level, width)`` in HU of each image channel; without any, one channel of unclipped HU.
        normalisation: ``window`` each window as 0..1; ``zscore`` then minus the scan's mean, over its
            standard deviation; ``minmax`` the scan's lowest value becomes 0, its highest 1; ``mean_std``
            minus ``mean_std[channel][0]``, over ``mean_std[channel][1]`` (HU).
        mean_std: see ``normalisation``; empty until :meth:`fitted`.
        augmentation: in the order they are applied.
        lesion_share: share of the training patches that are centred on a hemorrhage voxel.
        iterations_per_epoch: batches of an epoch.
        early_stopping: epochs without a better validation score after which training ends; None never.
        input_from: name of the earlier stage whose answer this stage needs.
        input_use: that answer joins the image as one more ``channel``, stands in its place (``replace``), or
            tells which ``region`` is cropped from the scan.
        input_mask: the answer is handed on as a mask (probability at least 0.5) instead of as it is.
        region_enlarged: factor by which each side of the region's box is enlarged.
        window_step: how far windows move in use.
        window_blend: overlapping windows count alike (``constant``), or less towards their rim.
        deep_supervision: whether the network answers at several decoder levels while training.
        activation: what turns the network's answer into probabilities.
        encoder_weights: file of ImageNet weights that the network's encoder starts from; None starts afresh.
    """

    name: str
    network: Mapping[str, Any]
    patch: Three
    batch: int
    loss: LossRecipe
    optimizer: OptimizerRecipe
    epochs: int
    iterations_per_epoch: int
    spacing_mm: tuple[float, float, float] | None = None
    shape: Three | None = None
    windows: tuple[tuple[float, float], ...] = ()
    normalisation: Normalisation = "window"
    mean_std: tuple[tuple[float, float], ...] = ()
    augmentation: tuple[Step, ...] = ()
    lesion_share: float = 0.0
    scheduler: SchedulerRecipe = SchedulerRecipe()
    early_stopping: int | None = None
    input_from: str | None = None
    input_use: EarlierUse = "channel"
    input_mask: bool = False
    region_enlarged: float = 1.0
    window_step: Three | None = None
    window_blend: Literal["constant", "gaussian"] = "constant"
    deep_supervision: bool = False
    activation: Activation = "softmax"
    encoder_weights: str | None = None

    @property
    def dimensions(self) -> Literal[2, 3]:
        """Whether the network sees single slices (2) or volumes (3)."""
        return 2 if self.patch[0] == 1 else 3

    @property
    def image_channels(self) -> int:
        """Channels made from the scan itself, without those of an earlier stage."""
        return max(1, len(self.windows))

    @property
    def input_channels(self) -> int:
        """Channels of the network's input; an earlier stage's answer joins or replaces the image's."""
        if self.input_from is None or self.input_use == "region":
            return self.image_channels
        return 1 if self.input_use == "replace" else self.image_channels + 1

    @property
    def needs_intensities(self) -> bool:
        """Whether the normalisation has still to be fitted to a data set."""
        return self.normalisation == "mean_std" and not self.mean_std

    def with_patch(self, patch: Three) -> "StageRecipe":
        """This stage with another patch, its windows moving no farther than that.

        It stays one of slices or of volumes: slices stay single, and volumes keep theirs where ``patch`` has
        one.
        """
        slices = self.patch[0] if 1 in (self.patch[0], patch[0]) else patch[0]
        sides = slices, patch[1], patch[2]
        step = self.window_step
        if step is not None:
            step = min(step[0], sides[0]), min(step[1], sides[1]), min(step[2], sides[2])
        return replace(self, patch=sides, window_step=step)

    def fitted(self, intensities: Intensities) -> "StageRecipe":
        """This stage with nnU-Net's CT normalisation of a data set, where it needs one."""
        if not self.needs_intensities:
            return self
        level, width = (intensities.low + intensities.high) / 2, intensities.high - intensities.low
        mean_std = ((intensities.mean, intensities.std),)
        return replace(self, windows=((level, width),), mean_std=mean_std)


@dataclass(frozen=True)
class EnsembleRecipe:
    """How the models of several folds, or of several recipes, become one answer.

    Attributes:
        method: ``mean`` of the probabilities, or ``half_ratio`` (Li and Chen, section 3.4).
        recipes: names of the recipes whose folds take part; empty means this recipe alone.
        best: only so many models take part, those with the best validation Dice; None takes all.
        half_ratio_threshold, few_votes, many_votes: th, N1 and N2 of ``half_ratio``.
    """

    method: Literal["mean", "half_ratio"] = "mean"
    recipes: tuple[str, ...] = ()
    best: int | None = None
    half_ratio_threshold: float = 0.5
    few_votes: int = 1
    many_votes: int = 7


@dataclass(frozen=True)
class PostprocessRecipe:
    """From probabilities to a mask: the threshold, and the smallest region that stays (mL)."""

    threshold: float = 0.5
    smallest_ml: float = 0.0


@dataclass(frozen=True)
class Recipe:
    """A published method.

    Attributes:
        paper: authors, title and where it stands.
        stages: in the order in which they run; a later one may ask for an earlier one's answer.
        labels: id of each label that the last stage tells apart, see :mod:`ICHSegmentationLib.labels`.
        folds: of the paper's cross-validation, None where it has none; training takes those of the data set.
    """

    name: str
    paper: str
    stages: tuple[StageRecipe, ...]
    labels: tuple[str, ...] = ("hemorrhage",)
    folds: int | None = None
    ensemble: EnsembleRecipe = EnsembleRecipe()
    postprocess: PostprocessRecipe = PostprocessRecipe()

    def stage(self, name: str) -> StageRecipe:
        """The stage of this name; a ``KeyError`` where there is none."""
        return {stage.name: stage for stage in self.stages}[name]

    def with_encoder_weights(self, path: str) -> "Recipe":
        """This recipe with its encoders started from a file of ImageNet weights.

        Raises:
            InputError: no network of this recipe has an encoder.
        """
        stages = tuple(
            replace(stage, encoder_weights=path) if "encoder" in stage.network else stage
            for stage in self.stages
        )
        if stages == self.stages:
            raise InputError(
                f"Expected a recipe whose networks have an encoder, found {self.name}.",
                "Leave the ImageNet weights out.",
            )
        return replace(self, stages=stages)

    def fitted(self, intensities: Intensities) -> "Recipe":
        """This recipe with each stage fitted to a data set, see :meth:`StageRecipe.fitted`."""
        return replace(self, stages=tuple(stage.fitted(intensities) for stage in self.stages))
