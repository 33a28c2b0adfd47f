"""Rules that define their own weight update instead of following the gradient of the loss."""
