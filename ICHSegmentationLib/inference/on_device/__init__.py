"""A stage of the cascade with all its arrays on a GPU: resampling, windows, network, mask. Needs PyTorch.

Gives what :mod:`ICHSegmentationLib.inference.stage` gives, but for rounding.
"""
