"""What the image files of a folder are called as cases."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from .case import is_cut, safe_name, split_ending
from .short_hash import short_hash


def names_of_images(places: Sequence[Path]) -> list[str]:
    """A name for each image by its place below the folder: ``site/scan/ct.nii.gz`` is ``site_scan_ct``.

    Where it is too long, or several have the same, a hash of the place stands behind it: no name comes to
    mean another scan when files are added.
    """
    whole = ["_".join([*place.parent.parts, split_ending(place)[0]]) for place in places]
    number = Counter(safe_name(text).casefold() for text in whole)
    return [
        safe_name(text, f"-{short_hash(place.as_posix())}")
        if is_cut(text) or number[safe_name(text).casefold()] > 1
        else safe_name(text)
        for text, place in zip(whole, places, strict=True)
    ]
