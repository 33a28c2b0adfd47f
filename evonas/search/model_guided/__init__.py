"""The engine of this project: a Gaussian process selects its children."""
