"""Commands that look at what a run found."""
