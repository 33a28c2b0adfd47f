"""What attacks left of a network, as a table, a file and a picture."""
