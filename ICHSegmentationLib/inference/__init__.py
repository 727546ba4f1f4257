"""From a prepared scan to a mask: resampling to the network's grid, windows, the cascade."""
