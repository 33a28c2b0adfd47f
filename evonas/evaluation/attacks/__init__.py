"""Adversarial attacks along the true gradient, and robust accuracy under them."""
