"""Ask-and-tell search engines: genomes out, vectors to minimise in; they never see a network."""
