"""Statistics of what a search found, from its records and genomes alone; no network is run."""
