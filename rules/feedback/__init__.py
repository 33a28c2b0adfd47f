"""Rules that send the signal back through a feedback tensor instead of the weight."""
