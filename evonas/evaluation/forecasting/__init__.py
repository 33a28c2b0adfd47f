"""Forecast the needs of a candidate before training: memory, time, latency."""
