"""Commands that look at networks that were trained."""
