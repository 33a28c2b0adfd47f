"""Starter files: a search space and the settings of a run, with comments."""
