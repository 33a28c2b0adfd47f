"""Networks: operations, cells, skeletons, and their cost in parameters and multiply-adds."""

from evonas.networks.build import Network, build
from evonas.networks.cost import count_multiply_adds, count_parameters

__all__ = ["Network", "build", "count_multiply_adds", "count_parameters"]
