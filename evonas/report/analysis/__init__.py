"""Tables and pictures of an analysis."""
