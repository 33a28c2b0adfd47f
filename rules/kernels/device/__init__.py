"""The Triton kernels themselves and their launchers; imported only where Triton is.

Values are taken to float32 as they are loaded. Constants of a launch follow from shapes by a
table, nothing is tuned by trying, so a launch can be captured in a graph.
"""
