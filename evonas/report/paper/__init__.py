"""Figures and tables sized for a paper."""
