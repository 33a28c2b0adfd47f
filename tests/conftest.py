"""What every test relies on."""

import os

# before torch is imported: networks this small are slower on two threads than on one, and a search
# trains each candidate on one thread too
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")

import torch

if not torch.cuda.is_available():
    # Kernels then run in Triton's interpreter. Triton reads this when it is first imported, and
    # torch imports it on its own (torch.utils.flop_counter does), so it stands before every test.
    os.environ.setdefault("TRITON_INTERPRET", "1")
