"""Names of files: which of them are safe as parts of paths, and how a path is shown.

The keys of candidates and of models are file names. evonas generates them, but a journal or a
model may come from a stranger, who can put any text there, with matching hashes.
"""

import os
import re
import unicodedata
from pathlib import Path

KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
MAX_KEY_LENGTH = 64
MAX_NAME_BYTES = 255  # the limit of all common file systems
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
    """Whether a text names a file in its own folder, on every common system.

    Characters that some systems or tools convert to dots or slashes, such as the two-dot leader,
    are treated as these.
    """
    meant = unicodedata.normalize("NFKC", text)
    return (
        text.isprintable()
        and not any(sign in meant for sign in "/\\")
        and meant.rstrip(". ") == meant != ""
        and RESERVED.fullmatch(meant) is None
        and len(text.encode("utf-8", "replace")) <= MAX_NAME_BYTES
    )


def path_text(path: Path | str) -> str:
    r"""A path as text that can be written to every file; invalid bytes look like ``\xff``.

    On Linux a path may hold any bytes. Python keeps those that its locale cannot decode as
    surrogates, which UTF-8 has no code for.
    """
    return os.fsencode(path).decode("utf-8", "backslashreplace")
