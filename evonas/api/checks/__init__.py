"""Checks of a search's inputs before it starts: images and spaces."""
