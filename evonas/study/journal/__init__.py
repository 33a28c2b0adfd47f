"""The record of a run in one SQLite file: its table, its events, later findings."""
