"""Whether what gradient attacks leave is robustness, or only their failure."""
