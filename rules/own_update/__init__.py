"""Rules that state an update of their own instead of following a gradient."""
