"""Benchmarks of search itself: engines on tables, and comparisons between runs."""
