"""Adversarial training: mini-batches are replaced by adversarial examples of themselves."""
