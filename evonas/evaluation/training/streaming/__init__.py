"""Training images that stay in their files, and how their batches come to a step."""
