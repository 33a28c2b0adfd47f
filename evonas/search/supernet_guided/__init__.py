"""Operators and engines that a supernet guides: EG-NAS and BioNAS."""
