"""What changes a run after it was made: its size, its images, and the results that it knows."""
