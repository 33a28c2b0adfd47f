"""``study.head``: how far the journal came, told apart from it.

A database that loses its last rows, as it does without its write-ahead log, is whole by all that
is in it. So the position and the hash of the last entry are written into a file of their own,
after the entry; a journal that ends before them has lost some.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from evonas.study.journal.entry import Entry

HEAD_FILE = "study.head"


@dataclass(frozen=True)
class Head:
    """The last entry that is known to have been written.

    Attributes:
        position: position of the entry.
        sha256: SHA-256 hash of the entry.
    """

    position: int
    sha256: str


def write_head(folder: Path, entry: Entry) -> None:
    """Say that the journal in ``folder`` came as far as this entry.

    Raises:
        OSError: it cannot be written.
    """
    # Not forced to disk: after a power cut the database, too, may lack its last rows, and it is
    # only ever written after them.
    temporary = folder / f"{HEAD_FILE}.tmp"
    temporary.write_text(json.dumps(asdict(Head(entry.position, entry.sha256))))
    temporary.replace(folder / HEAD_FILE)


def read_head(folder: Path) -> Head | None:
    """What was said last; None if there is no such file, as in a run of before.

    Raises:
        ValueError: the file is damaged.
        OSError: it cannot be read.
    """
    try:
        document = json.loads((folder / HEAD_FILE).read_text())
        head = Head(**document)
        if not (isinstance(head.position, int) and isinstance(head.sha256, str)):
            raise TypeError
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as problem:
        raise ValueError(f"{HEAD_FILE} is damaged") from problem
    return head
