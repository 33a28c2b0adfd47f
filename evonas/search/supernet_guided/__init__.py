"""Operators and engines guided by a supernet: EG-NAS and BioNAS."""
