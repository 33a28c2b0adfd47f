"""The results of a run: candidates, the front and its confirmations."""
