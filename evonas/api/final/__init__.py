"""``evonas.train``: a chosen network, trained to the end."""
