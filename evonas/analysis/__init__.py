"""Statistics of a search's results, from records and genomes alone; no network is run."""
