"""What a candidate will need before it is trained: memory, seconds, latency."""
