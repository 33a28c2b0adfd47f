"""Results of earlier runs as a prior for the model of a new run."""
