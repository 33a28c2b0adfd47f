"""Results of earlier runs that the model of a new run begins with."""
