"""What every test relies on."""

import os
import signal

# before torch is imported: networks this small are slower on two threads than on one, and a search
# trains each candidate on one thread too
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")
# what a test finds out of files is not kept for the next one
os.environ["EVONAS_CACHE"] = os.devnull

import torch

if not torch.cuda.is_available():
    # Kernels then run in Triton's interpreter. Triton reads this when it is first imported, and
    # torch imports it on its own (torch.utils.flop_counter does), so it stands before every test.
    os.environ.setdefault("TRITON_INTERPRET", "1")

# Started in the background or by nohup, this process ignores signals, and so would every command
# that a test starts and ends.
for _signal in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
    if signal.getsignal(_signal) is signal.SIG_IGN:
        is_interrupt = _signal == signal.SIGINT
        signal.signal(_signal, signal.default_int_handler if is_interrupt else signal.SIG_DFL)
