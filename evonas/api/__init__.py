"""What commands and notebooks call; ``import evonas`` offers what is public of it."""
