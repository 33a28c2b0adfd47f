"""The tables of a journal, and how one of an earlier format becomes one of this."""

from collections.abc import Iterator

APPLICATION_ID = 0x65764E53  # "evNS"
FORMAT = 6
READABLE_FORMATS = (3, 4, 5, FORMAT)  # what is missing in each: `migration`

# the positions of the first five tables are one sequence: the order in which things happened
_ASK = """
CREATE TABLE ask (
    position INTEGER PRIMARY KEY,
    generation INTEGER NOT NULL,
    key TEXT NOT NULL UNIQUE,
    genome TEXT NOT NULL
) STRICT"""
_PROMOTION = """
CREATE TABLE promotion (
    position INTEGER PRIMARY KEY,
    key TEXT NOT NULL REFERENCES ask (key),
    epochs INTEGER NOT NULL,
    UNIQUE (key, epochs)
) STRICT"""
_REPLICATE = """
CREATE TABLE replicate (
    position INTEGER PRIMARY KEY,
    generation INTEGER NOT NULL,
    key TEXT NOT NULL REFERENCES ask (key),
    replicate INTEGER NOT NULL,
    UNIQUE (key, replicate)
) STRICT"""
_ASK_IN_VAIN = "CREATE TABLE ask_in_vain (position INTEGER PRIMARY KEY) STRICT"
_TELL = """
CREATE TABLE tell (
    position INTEGER PRIMARY KEY,
    key TEXT NOT NULL REFERENCES ask (key),
    replicate INTEGER NOT NULL,
    epochs INTEGER NOT NULL,
    failure TEXT,
    record TEXT NOT NULL,
    UNIQUE (key, replicate, epochs)
) STRICT"""
_CONFIRMATION = """
CREATE TABLE confirmation (
    position INTEGER PRIMARY KEY,
    key TEXT NOT NULL REFERENCES ask (key),
    replicate INTEGER NOT NULL,
    failure TEXT,
    record TEXT NOT NULL,
    UNIQUE (key, replicate)
) STRICT"""
_FINDING = """
CREATE TABLE finding (
    position INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    key TEXT NOT NULL REFERENCES ask (key),
    name TEXT NOT NULL,
    replicate INTEGER NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (kind, key, name, replicate)
) STRICT"""
_STUDY = "CREATE TABLE study (digest TEXT NOT NULL) STRICT"

SCHEMA = ";\n".join(
    (_STUDY, _ASK, _PROMOTION, _REPLICATE, _ASK_IN_VAIN, _TELL, _CONFIRMATION, _FINDING)
)


def migration(before: int) -> Iterator[str]:
    """The statements that bring a journal to this format, for one transaction.

    Args:
        before: its format, one of :data:`READABLE_FORMATS`.
    """
    if before < 4:
        yield _CONFIRMATION
    if before < 5:
        yield "ALTER TABLE tell RENAME TO tell_of_before"
        yield _TELL
        yield (
            "INSERT INTO tell SELECT position, key, 0, epochs, failure, record FROM tell_of_before"
        )
        yield "DROP TABLE tell_of_before"
        yield _REPLICATE
    if before < 6:
        yield _ASK_IN_VAIN
        yield _FINDING
