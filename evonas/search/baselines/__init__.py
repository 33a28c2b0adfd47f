"""Baseline engines: random, local and aging search, and Optuna."""
