"""Zero-cost signals of a genome: its costs, and proxies measured on its untrained network."""
