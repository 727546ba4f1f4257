"""How numbers read wherever people are told them: the command line, reports, the Slicer module."""


def in_percent(probability: float) -> str:
    """A probability (0 to 1) in whole per cent; certainty is never claimed."""
    if probability < 0.01:
        return "< 1 %"
    return "> 99 %" if probability > 0.99 else f"{100 * probability:.0f} %"
