"""Measuring search itself: engines on tables, and runs against each other."""
