"""A chosen network, trained to the end: long, regularised, resumable at any step."""
