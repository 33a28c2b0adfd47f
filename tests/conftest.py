"""What every test relies on."""

import os

# before torch is imported: networks this small are slower on two threads than on one, and a search
# trains each candidate on one thread too
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")
