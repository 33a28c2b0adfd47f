"""Named networks from the literature, built from rule layers."""
