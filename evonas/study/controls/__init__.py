"""What is trained beside a network of a run at the same budget, by the same seeds."""
