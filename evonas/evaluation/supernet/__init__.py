"""A supernet as the guide of a search."""
