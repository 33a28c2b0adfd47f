"""``study.head``: the journal's last position, stored in a separate file.

A database that loses its last rows, for example with its write-ahead log, still looks intact. So
the position and the hash of the last entry are written to a separate file, after the entry; a
journal that ends earlier has lost entries.
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
    """Record this entry as the last one of the journal in ``folder``.

    Raises:
        OSError: it cannot be written.
    """
    # Not synced to disk: after a power cut the database may lack its last rows too, and the head
    # is always written after them.
    temporary = folder / f"{HEAD_FILE}.tmp"
    text = json.dumps(asdict(Head(entry.position, entry.sha256)))
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(folder / HEAD_FILE)


def read_head(folder: Path) -> Head | None:
    """The recorded head; None if there is no such file, as in runs of earlier versions.

    Raises:
        ValueError: the file is damaged.
        OSError: it cannot be read.
    """
    try:
        document = json.loads((folder / HEAD_FILE).read_text(encoding="utf-8"))
        head = Head(**document)
        if not (isinstance(head.position, int) and isinstance(head.sha256, str)):
            raise TypeError
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as problem:
        raise ValueError(f"{HEAD_FILE} is damaged") from problem
    return head
