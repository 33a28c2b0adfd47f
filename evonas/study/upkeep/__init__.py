"""Maintenance of run folders: verify, repair, back up and list."""
