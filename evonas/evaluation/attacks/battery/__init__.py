"""Run many attacks on one network at several radii, recording each so that none is repeated."""
