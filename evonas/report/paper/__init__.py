"""Figures and tables that fit the column of a paper."""
