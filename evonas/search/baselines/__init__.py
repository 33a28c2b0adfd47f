"""Engines to compare with: random, local and aging search, and Optuna."""
