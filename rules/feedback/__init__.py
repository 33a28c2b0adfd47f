"""Rules that send the error through a feedback tensor in the place of the weight."""
