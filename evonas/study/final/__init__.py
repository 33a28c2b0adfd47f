"""A final training on disk: what is trained, its checkpoints, its curve and its result."""
