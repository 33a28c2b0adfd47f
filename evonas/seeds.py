"""Independent seeds derived from one study seed; the same on every machine and in any order."""

from hashlib import blake2b

SEED_BITS = 63  # fits a signed 64-bit integer: SQLite, torch and NumPy all take it


def derive_seed(*parts: int | str) -> int:
    """Return a seed in [0, 2**63) that depends on every part and on their order.

    ``derive_seed(study_seed, genome_key, "training")`` gives each candidate its own random stream,
    which does not depend on when, where or after which other candidate it is trained.
    """
    # the lengths distinguish ("a", "b") from ("ab",), whatever the texts contain
    text = "".join(f"{type(part).__name__}:{len(str(part))}:{part}" for part in parts)
    digest = blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> (64 - SEED_BITS)
