"""Training of candidates: the step, the loop over epochs, and the devices they run on."""
