"""Training on images that stay in their files."""
