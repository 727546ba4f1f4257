"""Lesions that are nothing but numbers: each subtype lies around a place of its own."""

import numpy as np

from ICHSegmentationLib.labels import SUBTYPES
from ICHSegmentationLib.subtypes.part_features import CUBE_FEATURES, FEATURES
from Training.subtypes.samples import Sample

IPH, IVH, SAH, SDH, EDH = (label.value for label in SUBTYPES)


def sample(subtype, head="a", volume_ml=5.0, rng=None, count=30, **numbers):
    """Features are noise, but for one that the subtype has; cubes of ventricular blood have low numbers."""
    rng = rng or np.random.default_rng(0)
    features = rng.normal(0, 0.3, len(FEATURES) - 1)  # the last is made of the cubes
    features[[IPH, IVH, SAH, SDH, EDH].index(subtype)] += 4
    for name, value in numbers.items():
        features[FEATURES.index(name)] = value
    cubes = rng.normal(-3 if subtype == IVH else 3, 1, (count, len(CUBE_FEATURES))).astype(np.float32)
    return Sample(head, subtype, volume_ml, False, features, cubes)


def samples(heads=6, each=2, seed=1):
    rng = np.random.default_rng(seed)
    return [
        sample(subtype, f"head{head}", rng=rng)
        for head in range(heads)
        for subtype in (IPH, IVH, SAH, SDH, EDH)
        for _ in range(each)
    ]
