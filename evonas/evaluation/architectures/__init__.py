"""Architectures that can be trained and saved: genomes of a space, and named networks."""
