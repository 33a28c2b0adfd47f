"""Figures of a paper beside those of trainings of one's own."""
