"""How long and how fast a stage learns; a recipe can be read without loading PyTorch."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Schedule:
    """How long and how fast a stage learns: a short warm-up, a plateau, and a linear descent to zero.

    ``steps`` may be raised or lowered when a training is resumed.

    From ``freeze_norm_at`` on, batch normalisation uses its running statistics, as it will in use. Those of a
    small batch tell whether it holds a lesion; a network that has learned to rely on that marks clean scans.
    Before that, the statistics are taken anew over ``settling`` batches, with the averaged weights. A network
    that has learned before (0) keeps those that its weights have come to rely on.

    With ``bfloat16`` the network computes in that precision; its weights stay in float32.
    """

    steps: int
    batch: int = 2
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    warm_up: int = 50
    descent: float = 0.35
    averaging: float = 0.99
    freeze_norm_at: int | None = None
    settling: int = 100
    save_every: int = 50
    bfloat16: bool = False

    def lasting(self, steps: int) -> "Schedule":
        return replace(self, steps=steps)

    def factor(self, step: int) -> float:
        """The share of the learning rate at this step."""
        rest = (self.steps - step) / (self.descent * self.steps)
        return max(0.0, min(1.0, (step + 1) / self.warm_up, rest))
