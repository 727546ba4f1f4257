"""Training and evaluation of detectors: is there hemorrhage, of which kind, on which slice."""
