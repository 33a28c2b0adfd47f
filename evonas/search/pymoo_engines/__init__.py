"""Engines that select survivors with pymoo."""
