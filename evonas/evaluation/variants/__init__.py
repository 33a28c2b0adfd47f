"""Variants: networks trained in place of a candidate as controls, with the same seeds."""
