"""Results of earlier runs whose best genomes a new run starts from."""
