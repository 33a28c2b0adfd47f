"""Named networks from the literature, built of rule layers."""
