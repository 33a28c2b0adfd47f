"""Search engines: they propose genomes and receive vectors to minimise; they see no network."""
