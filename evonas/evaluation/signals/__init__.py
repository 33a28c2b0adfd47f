"""Cheap signals of a genome: its cost, and measurements on its untrained network."""
