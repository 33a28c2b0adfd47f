"""Base classes for a data set of your own, which a package offers under ``evonas.datasets``.

    from evonas.datasets import AbstractSource, Images, Traits

``docs/packages.md`` has a complete example.
"""

from evonas.evaluation.data.images import Images, Traits
from evonas.evaluation.data.sources.base import AbstractSource

__all__ = ["AbstractSource", "Images", "Traits"]
