"""Final training of a chosen network: long, regularised, resumable at any step."""
