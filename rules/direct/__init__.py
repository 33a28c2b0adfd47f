"""Rules that send the error, or the target, from the output to every layer at once."""
