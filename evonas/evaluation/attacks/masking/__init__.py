"""Diagnose gradient masking: distinguish robustness from the failure of gradient attacks."""
