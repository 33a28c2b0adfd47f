"""Networks that have a name in the literature, of rule layers."""
