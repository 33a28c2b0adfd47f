"""Search engines by ask and tell: genomes out, vectors to minimise in; no network in sight."""
