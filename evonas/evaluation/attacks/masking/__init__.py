"""Distinguish robustness from a failure of gradient attacks."""
