"""Estimate the energy that a network needs: operations and words moved, times picojoules."""
