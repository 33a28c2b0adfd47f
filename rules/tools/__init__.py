"""What is done with a network of rule layers: convert, measure, group, compare."""
