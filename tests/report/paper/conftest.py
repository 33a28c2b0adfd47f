"""Runs shared with the tests of reports."""

from tests.report.html.conftest import folder, run

__all__ = ["folder", "run"]
