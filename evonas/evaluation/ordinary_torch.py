"""Compute as in a new process, whatever the caller has set in torch."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager


@contextmanager
def ordinary_torch() -> Iterator[None]:
    """In this block, torch has gradients, float32 and no autocast; then the caller's state again.

    Workers are processes of their own, which do not know the caller's state. Under
    ``inference_mode`` an attack would find no gradient, and so nothing.
    """
    import torch  # not at the import of this module: some commands do without

    dtype, device = torch.get_default_dtype(), torch.get_default_device()
    with ExitStack() as state:
        state.enter_context(torch.inference_mode(mode=False))
        state.enter_context(torch.enable_grad())
        for kind in ("cpu", "cuda"):
            if torch.is_autocast_enabled(kind):
                state.enter_context(torch.autocast(kind, enabled=False))
        if device.type != "cpu":  # a default device makes every call slower
            state.enter_context(torch.device("cpu"))
        if dtype != torch.float32:
            state.callback(torch.set_default_dtype, dtype)
            torch.set_default_dtype(torch.float32)
        yield
