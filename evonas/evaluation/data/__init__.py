"""Data sets by name, and their division into training, validation and test parts."""
