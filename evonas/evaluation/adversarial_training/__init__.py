"""Adversarial training: replace mini-batches by adversarial examples of their images."""
