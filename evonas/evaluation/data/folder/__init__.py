"""Image files in one folder per class: find them, decode them, and fit them to one size."""
