"""Engines that select survivors with DEAP."""
