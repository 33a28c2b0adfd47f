"""Engines whose survivors DEAP selects."""
