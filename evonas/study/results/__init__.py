"""What the trainings of a run come to: candidates, the front, and what it was confirmed by."""
