"""What keeps the folder of a run in order: verified, repaired, backed up, and listed."""
