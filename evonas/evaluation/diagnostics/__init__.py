"""What trained and untrained networks tell of their learning: updates of layers, loss surfaces."""
