"""What is trained next: generation by generation, or one by one, with or without rungs."""
