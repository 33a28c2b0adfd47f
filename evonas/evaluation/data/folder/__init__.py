"""Images of your own, in one folder per class: found, decoded, brought to one size."""
