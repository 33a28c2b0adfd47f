"""The engine of this project, whose children a Gaussian process chooses."""
