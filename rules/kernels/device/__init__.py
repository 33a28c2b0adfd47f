"""The Triton kernels and their launchers; imported only where Triton is installed.

Values are converted to float32 when they are loaded. The constants of a launch follow from the
shapes by a table and nothing is autotuned, so a launch can be captured in a CUDA graph.
"""
