"""Who outlined a mask, for the formats that say so."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Origin:
    """Where a mask comes from.

    Attributes:
        model_id, model_version: the model that outlined it; empty where no model did.
        by_person: a person drew it, or corrected what the model outlined.
    """

    model_id: str = ""
    model_version: str = ""
    by_person: bool = False


DRAWN = Origin(by_person=True)
"""A mask that no model is known to have had a part in."""
