"""What is trained and saved: a genome of a space, or a network that has a name."""
