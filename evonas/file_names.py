"""Names that become parts of paths: what comes from a file, or from the user, stays in its folder.

The keys of candidates and of models are file names. evonas makes them itself, but a journal or a
model may come from a stranger, who can write any text there, with hashes that fit.
"""

import re
import unicodedata

KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
MAX_KEY_LENGTH = 64
MAX_NAME_BYTES = 255  # of every file system in common use
RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)  # on Windows


def is_key(text: object) -> bool:
    """Whether a text may be the key of a candidate or of a model."""
    return (
        isinstance(text, str)
        and KEY.fullmatch(text) is not None
        and len(text) <= MAX_KEY_LENGTH
        and is_file_name(text)
    )


def is_file_name(text: str) -> bool:
    """Whether a text names one file in a folder, and none elsewhere, on every common system.

    Signs that some systems or tools read as dots and slashes, such as the one that is two dots at
    once, count as these.
    """
    meant = unicodedata.normalize("NFKC", text)
    return (
        text.isprintable()
        and not any(sign in meant for sign in "/\\")
        and meant.rstrip(". ") == meant != ""
        and RESERVED.fullmatch(meant) is None
        and len(text.encode("utf-8", "replace")) <= MAX_NAME_BYTES
    )
