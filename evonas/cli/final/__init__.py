"""``evonas train`` and ``evonas recipes``."""
