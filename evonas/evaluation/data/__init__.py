"""Images: data sets by name, and the parts that a study divides them into."""
