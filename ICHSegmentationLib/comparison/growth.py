"""Growth of a volume, and when it counts as hematoma expansion.

- At least 6 mL or at least 33 % more: the usual definition (Dowlatshahi et al., Neurology 2011;76:1238-1244,
  who compared the definitions in use; both limits are theirs and those of most trials).
- The revised definition adds new intraventricular blood, or at least 1 mL more of it (Yogendrakumar et al.,
  Stroke 2020;51:1120-1127).

Both are meant for intraparenchymal hemorrhage, scanned twice within the first day.
"""

from dataclasses import dataclass

EXPANSION_ML = 6.0
EXPANSION_PERCENT = 33.0
IVH_EXPANSION_ML = 1.0

WITHIN_ERROR_ML = 2.2
"""Mean absolute error of an automatic volume against a manual one (Xu et al., 2.242 mL for intraparenchymal
and intraventricular hemorrhage): smaller growth may be none."""

_ROUNDING = 1e-9


@dataclass(frozen=True)
class Change:
    """One volume on both scans, in mL."""

    first_ml: float
    second_ml: float

    @property
    def growth_ml(self) -> float:
        """Negative where the volume shrank."""
        return self.second_ml - self.first_ml

    @property
    def growth_percent(self) -> float | None:
        """Of the first volume; None where that is 0."""
        return 100 * self.growth_ml / self.first_ml if self.first_ml else None

    @property
    def is_expansion(self) -> bool:
        """Whether the growth is at least 6 mL or at least 33 %."""
        percent = self.growth_percent
        return self.growth_ml >= EXPANSION_ML - _ROUNDING or (
            percent is not None and percent >= EXPANSION_PERCENT - _ROUNDING
        )

    @property
    def is_ivh_expansion(self) -> bool:
        """Whether this, the intraventricular volume, is new or at least 1 mL more."""
        new = not self.first_ml and self.second_ml > 0
        return new or self.growth_ml >= IVH_EXPANSION_ML - _ROUNDING

    def to_dict(self) -> dict[str, float | None]:
        return {
            "first_ml": self.first_ml,
            "second_ml": self.second_ml,
            "growth_ml": self.growth_ml,
            "growth_percent": self.growth_percent,
        }

    def __str__(self) -> str:
        percent = self.growth_percent
        share = f", {percent:+.0f} %" if percent is not None else ""
        larger = max(self.first_ml, self.second_ml)
        digits = 2 if 0 < larger < 1 else 1
        return (
            f"from {self.first_ml:.{digits}f} to {self.second_ml:.{digits}f} mL "
            f"({self.growth_ml:+.{digits}f} mL{share})"
        )
