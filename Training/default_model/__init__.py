"""The embedded models that outline: how their samples are made, and how they are trained and evaluated."""
