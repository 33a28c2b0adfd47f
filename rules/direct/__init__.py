"""Rules that send the error or the target from the output directly to every layer."""
