"""Terminal output: it never ends a run, shows bars, and does not truncate tables."""
