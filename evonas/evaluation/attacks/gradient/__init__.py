"""Attacks that climb the gradient of a loss."""
