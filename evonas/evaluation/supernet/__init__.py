"""Guide a search by a supernet."""
