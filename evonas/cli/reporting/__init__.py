"""Commands that make reports, figures and tables of runs."""
