"""Environment of all tests."""

import os
import signal

# set before torch is imported: such small networks are slower on two threads than on one, and a
# search also trains each candidate on one thread
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")
# results of checks of files are not cached from one test to the next
os.environ["EVONAS_CACHE"] = os.devnull

import torch

if not torch.cuda.is_available():
    # Without a GPU, kernels run in Triton's interpreter. Triton reads this on its first import,
    # and torch may import it (torch.utils.flop_counter does), so it must be set before any test.
    os.environ.setdefault("TRITON_INTERPRET", "1")

# If started in the background or by nohup, this process ignores signals, and so would commands
# that tests start and terminate.
for _signal in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
    if signal.getsignal(_signal) is signal.SIG_IGN:
        is_interrupt = _signal == signal.SIGINT
        signal.signal(_signal, signal.default_int_handler if is_interrupt else signal.SIG_DFL)
