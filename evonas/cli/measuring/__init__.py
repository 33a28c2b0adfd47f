"""``evonas bench`` and ``evonas compare``: how good a search is."""
