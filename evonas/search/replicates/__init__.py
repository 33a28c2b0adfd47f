"""Replicates: which candidates to train again, their estimates, and the resulting front."""
