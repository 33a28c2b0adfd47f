"""Report on one or several runs as one self-contained HTML page."""
