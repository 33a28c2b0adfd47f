"""Repeated trainings: which candidates to train again, what is known of them, which are best."""
