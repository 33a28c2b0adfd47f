"""Many attacks on one network at several radii, one at a time, so that none is done twice."""
