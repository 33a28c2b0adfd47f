"""Cheap signals of a genome: what it costs, and what its untrained network tells of it."""
