"""Your own images, in one folder per class: found, decoded and resized."""
