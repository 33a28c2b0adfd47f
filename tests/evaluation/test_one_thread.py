"""One thread within the block; the number before it, afterwards and after an error."""

import pytest
import torch

from evonas.evaluation.one_thread import one_thread


@pytest.mark.parametrize("threads", [1, 3])
def test_number_of_threads_is_restored(threads: int) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with one_thread():
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == threads
        with pytest.raises(KeyError), one_thread():
            raise KeyError
        assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
