"""Clear error messages for operators that cannot be batched by vmap of torch.func."""

from typing import Any

import torch

from evonas.errors import RuleError


def refuse_vmap(*operators: str) -> None:
    """Make each operator raise a RuleError under vmap, instead of torch's own message.

    Candidates share a launch through rows of a table, not through a batch axis.
    """
    for name in operators:
        torch.library.register_vmap(name, _refusal(name))


def _refusal(name: str) -> Any:
    def refuse(*_: Any) -> None:
        raise RuleError(
            f"{name} cannot be batched by vmap: let the modules run without kernels, "
            "`network.use_kernels(are_used=False)` and `wiring.to_numbers()`"
        )

    return refuse
