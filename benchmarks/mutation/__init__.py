"""Inject faults into the code, one at a time, and find the tests that detect them."""
