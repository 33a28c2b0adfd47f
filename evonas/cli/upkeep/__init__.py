"""Commands that look after the folders of runs."""
