"""The light default detector: how it is made from few scans whose bleeding slices are named."""
