"""Changes to an existing run: its size, its images, and the results it knows."""
