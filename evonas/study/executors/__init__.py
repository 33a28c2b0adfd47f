"""Where candidates are evaluated: this process, a pool of processes, or GPUs."""
