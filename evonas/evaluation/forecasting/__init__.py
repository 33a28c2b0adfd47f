"""Forecast the memory, time and latency of a candidate before it is trained."""
