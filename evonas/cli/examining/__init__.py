"""Commands that examine the results of a run."""
