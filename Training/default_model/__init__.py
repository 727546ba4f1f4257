"""The embedded default model: how its samples are made, how it is trained, exported and evaluated."""
