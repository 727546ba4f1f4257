"""What each stage of a run is called for a user."""

from .translation import tr as _


def stage_text(stage: str) -> str:
    """The stage's name in words; a stage that this version does not know keeps its own."""
    known = {
        "read": _("Reading the scan"),
        "load": _("Loading the model"),
        "prepare": _("Finding the inside of the skull"),
        "detect": _("Detecting hemorrhage"),
        "heat maps": _("Mapping what the detector looks at"),
        "subtypes": _("Telling subtypes apart"),
        "locate": _("Looking for hemorrhage"),
        "refine": _("Outlining"),
        "measure": _("Measuring"),
        "compare": _("Measuring both scans"),
        "align": _("Aligning both scans"),
        "report": _("Writing the report"),
        "write": _("Saving"),
    }
    return known.get(stage, stage)
