"""The parts of :func:`evonas.analyse`."""
