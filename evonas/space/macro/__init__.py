"""Macro genes: width, depth, activation and normalisation, where a space leaves them open."""
