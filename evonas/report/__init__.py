"""What a study leaves behind for its reader: tables and pictures."""

from evonas.report.plot import FRONT_PICTURE, draw_front
from evonas.report.tables import CANDIDATES_FILE, FRONT_FILE, columns, table, write_tables

__all__ = [
    "CANDIDATES_FILE",
    "FRONT_FILE",
    "FRONT_PICTURE",
    "columns",
    "draw_front",
    "table",
    "write_tables",
]
