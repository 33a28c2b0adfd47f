"""Scheduling of trainings: by generation or one by one, with or without rungs."""
