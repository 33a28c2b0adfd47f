"""A final training on disk: the job, its checkpoints, curve and result."""
