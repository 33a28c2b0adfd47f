"""Candidates that are trained more than once: who is, what was learned of them, who is best."""
