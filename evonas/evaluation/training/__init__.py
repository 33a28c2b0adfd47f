"""Training: one step, one candidate, and the device it runs on."""
