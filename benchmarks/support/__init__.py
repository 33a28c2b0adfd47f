"""What the experiments of this folder share."""
