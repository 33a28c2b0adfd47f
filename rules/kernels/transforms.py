"""What torch.func cannot do with the operators, said in words of ours."""

from typing import Any

import torch

from evonas.errors import RuleError


def refuse_vmap(*operators: str) -> None:
    """Let each operator say that it has no batched form, where torch would speak of its own rules.

    Candidates share a launch by their rows in a table, not by an axis of their tensors.
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
