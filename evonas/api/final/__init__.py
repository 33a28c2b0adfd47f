"""``evonas.train``: the final training of a chosen network."""
