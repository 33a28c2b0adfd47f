"""What a terminal is shown: output that never ends a run, bars, and tables that are not cut."""
