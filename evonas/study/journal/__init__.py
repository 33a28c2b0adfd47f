"""The record of a run in one SQLite file: its tables, its events, what was found out later."""
