"""The Triton kernels and their launchers; imported only where Triton is installed.

Values are converted to float32 when they are loaded. The constants of a launch are looked up by
shape and nothing is autotuned, so a launch can be captured in a CUDA graph.
"""
