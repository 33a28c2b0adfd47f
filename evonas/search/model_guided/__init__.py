"""The engine of this project: evolution whose children are selected by a Gaussian process."""
