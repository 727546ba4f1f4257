"""The default model, and one of data free for any use: what their stages see, and how long they learn."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .sampling import Augmentation
from .schedule import Schedule

PHANTOMS = 60

# One window for both stages: what lies outside it was clipped in part of the training data.
_WINDOW = (40.0, 120.0)

_REFINEMENT = Schedule(steps=2000, learning_rate=1e-3, descent=0.6, freeze_norm_at=0, bfloat16=True)


@dataclass(frozen=True)
class Copies:
    """How many copies of a training scan are painted with hemorrhages: of typical and of small volumes."""

    typical: int
    small: int


COPIES = {"clean": Copies(8, 6), "hematoma": Copies(1, 0), "traced": Copies(1, 3)}


@dataclass(frozen=True)
class StageRecipe:
    """One stage: its network, the grid and HU window that it sees, and how it is trained.

    Attributes:
        spacing_mm: mm along slices, rows, columns.
        window: level and width in HU.
        patch: ``(D, H, W)`` of a training patch.
        largest_pass: ``(D, H, W)`` up to which a scan is seen in one pass, without windows.
        weights: how often each group of samples is drawn.
        schedule: of a training from the beginning.
        refinement: of one that starts from an earlier version's weights.
    """

    name: str
    features: tuple[int, ...]
    spacing_mm: tuple[float, float, float]
    patch: tuple[int, int, int]
    weights: dict[str, float]
    schedule: Schedule
    augmentation: Augmentation
    largest_pass: tuple[int, int, int]
    window: tuple[float, float] = _WINDOW
    refinement: Schedule = _REFINEMENT
    flat_levels: int = 2
    deep_supervision: int = 3
    seed: int = 20

    @property
    def network(self) -> dict[str, Any]:
        """What a manifest says of the network, for :func:`ICHSegmentationLib.networks.build`."""
        return {
            "kind": "residual_unet",
            "in_channels": 1,
            "out_channels": 2,
            "features": list(self.features),
            "flat_levels": self.flat_levels,
            "deep_supervision": self.deep_supervision,
        }


@dataclass(frozen=True)
class Recipe:
    """A cascade: a coarse stage for the whole head, a fine one where the coarse one saw something.

    Attributes:
        sources: folders of the data that it learns from.
        model: where the model folder goes.
        results, robustness: the pages of what it does, on the scans as they are and disturbed.
    """

    coarse: StageRecipe
    fine: StageRecipe
    inference: dict[str, float]
    manifest: dict[str, Any]
    sources: tuple[str, ...]
    model: Path
    results: Path
    robustness: Path

    @property
    def stages(self) -> tuple[StageRecipe, StageRecipe]:
        return self.coarse, self.fine


_PHYSIONET = {
    "name": "PhysioNet CT-ICH 1.0.0",
    "citation": "Hssayeni et al. 2020, Data 5(1):14",
    "licence": "CC BY 4.0",
}
_CITATION = (
    "Network after Xu et al., An Automatic Cascaded Model for Hemorrhagic Stroke Segmentation and "
    "Hemorrhagic Volume Estimation"
)

DEFAULT = Recipe(
    coarse=StageRecipe(
        name="coarse",
        features=(12, 24, 48, 64, 96, 96, 96),
        spacing_mm=(5.0, 1.0, 1.0),
        patch=(16, 128, 128),
        weights={
            "synthetic": 0.15,
            "small": 0.17,
            "hematoma": 0.21,
            "clean": 0.22,
            "traced": 0.18,
            "phantom": 0.07,
        },
        schedule=Schedule(steps=9870, freeze_norm_at=2700),
        refinement=_REFINEMENT.lasting(2000),
        augmentation=Augmentation(noise_hu=10.0, foreground_share=0.6, tilted_share=0.2, climb_slices=6.0),
        largest_pass=(48, 256, 256),
    ),
    fine=StageRecipe(
        name="fine",
        features=(16, 32, 64, 64, 96, 96, 96),
        spacing_mm=(5.0, 0.45, 0.45),
        patch=(8, 128, 128),
        weights={
            "hematoma": 0.37,
            "synthetic": 0.13,
            "small": 0.12,
            "clean": 0.16,
            "traced": 0.15,
            "phantom": 0.07,
        },
        schedule=Schedule(steps=14100, freeze_norm_at=3800),
        refinement=_REFINEMENT.lasting(3000),
        augmentation=Augmentation(noise_hu=10.0, foreground_share=0.6, tilted_share=0.2, climb_slices=3.0),
        largest_pass=(16, 256, 256),
    ),
    inference={
        "unsure": 0.2,
        "seen": 0.5,
        "margin_mm": 12.0,
        "context_slices": 8,
        "context_mm": 58.0,
        "fine_weight": 0.5,
        "hemorrhage": 0.6,
        "smallest_ml": 0.3,
        # the medians of the training scans of both collections
        "lowest_brain_hu": 29.0,
        "highest_brain_hu": 36.0,
        "rim_mm": 3.0,
    },
    manifest={
        "schema_version": 1,
        "id": "ich-cascade-small",
        "version": "1.5.3",
        "name": "ICH cascade, small",
        "description": "Two residual 3D U-Nets, coarse then fine, that outline hemorrhage as one class.",
        "recipe": "cascade",
        "labels": ["hemorrhage"],
        "training": {
            "data": [
                {
                    "name": "PHE-SICH-CT-IDS",
                    "citation": "Ma et al. 2023, arXiv:2308.10521 (figshare 23957937)",
                    "licence": "non-commercial research",
                },
                _PHYSIONET,
            ],
            "split": "52 + 32 training scans; 16 + 12 other patients' scans kept for validation",
            "command": "python -m Training.default_model all --data DATA --out runs/default",
        },
        "licence": "Non-commercial research use only, as the terms of PHE-SICH-CT-IDS ask",
        "citation": _CITATION,
        "metrics": {},
    },
    sources=("phe_sich", "physionet_ct_ich"),
    model=Path("ICHSegmentationLib/models/default"),
    results=Path("docs/results.md"),
    robustness=Path("docs/robustness.md"),
)

# Learned from data that may be used for anything, where the default model's may not; on wider pixels, as it
# was made to be free, not to be best.
OPEN = Recipe(
    coarse=StageRecipe(
        name="coarse",
        features=(8, 16, 32, 48, 64, 64, 64),
        spacing_mm=(5.0, 1.6, 1.6),
        patch=(16, 128, 128),
        weights={"synthetic": 0.36, "small": 0.14, "clean": 0.22, "traced": 0.20, "phantom": 0.08},
        schedule=Schedule(steps=4900, freeze_norm_at=3380),
        refinement=_REFINEMENT.lasting(4000),
        augmentation=Augmentation(noise_hu=10.0, foreground_share=0.6, tilted_share=0.2, climb_slices=6.0),
        largest_pass=(48, 192, 192),
    ),
    fine=StageRecipe(
        name="fine",
        features=(12, 24, 48, 64, 96, 96, 96),
        spacing_mm=(5.0, 0.9, 0.9),
        patch=(8, 128, 128),
        weights={"synthetic": 0.38, "small": 0.14, "clean": 0.18, "traced": 0.22, "phantom": 0.08},
        schedule=Schedule(steps=5100, freeze_norm_at=3510),
        refinement=_REFINEMENT.lasting(4000),
        augmentation=Augmentation(noise_hu=10.0, foreground_share=0.6, tilted_share=0.2, climb_slices=3.0),
        largest_pass=(16, 192, 192),
    ),
    inference={**DEFAULT.inference, "context_mm": 115.0},
    manifest={
        "schema_version": 1,
        "id": "ich-cascade-open",
        "version": "1.1.3",
        "name": "ICH cascade, open data",
        "description": (
            "Two residual 3D U-Nets, coarse then fine, that outline hemorrhage as one class. Learned from "
            "data that may be used for any purpose; less accurate than ich-cascade-small."
        ),
        "recipe": "cascade",
        "labels": ["hemorrhage"],
        "training": {
            "data": [_PHYSIONET],
            "split": "32 training scans; 12 other patients' scans kept for validation",
            "command": "python -m Training.default_model all --recipe open --data DATA --out runs/open",
        },
        "licence": "CC-BY-4.0",
        "citation": _CITATION,
        "metrics": {},
    },
    sources=("physionet_ct_ich",),
    model=Path("ICHSegmentationLib/models/open"),
    results=Path("docs/results-open.md"),
    robustness=Path("docs/robustness-open.md"),
)

RECIPES = {"default": DEFAULT, "open": OPEN}
