"""A study: its folder, its journal, its workers, and the main loop."""
