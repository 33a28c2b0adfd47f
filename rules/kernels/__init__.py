"""Fused kernels of a training step: Triton on a GPU, ATen on a CPU.

Each is a torch operator (``torch.ops.evonas``) with a Triton kernel for CUDA, in
``evonas.rules.kernels.device``, and an ATen reference that defines it and runs on the CPU.
docs/kernels.md describes what each computes, the layout of its tables, and how it is tested.
"""

from evonas.rules.kernels.feedback import (
    FeedbackSegment,
    FeedbackTable,
    feedback_table,
    refresh_feedback,
    seed_tensor,
)
from evonas.rules.kernels.flat_sgd import (
    ParameterSegment,
    ParameterTable,
    parameter_table,
    sgd_step,
)
from evonas.rules.kernels.layer_segments import kept_differences, layer_segments
from evonas.rules.kernels.node import join
from evonas.rules.kernels.projection import ProjectionTable, Receiver, project, projection_table
from evonas.rules.kernels.separable import MAX_CHANNELS, convolve_separably
from evonas.rules.kernels.trial import has_kernels_on, problem_with

__all__ = [
    "MAX_CHANNELS",
    "FeedbackSegment",
    "FeedbackTable",
    "ParameterSegment",
    "ParameterTable",
    "ProjectionTable",
    "Receiver",
    "convolve_separably",
    "feedback_table",
    "has_kernels_on",
    "join",
    "kept_differences",
    "layer_segments",
    "parameter_table",
    "problem_with",
    "project",
    "projection_table",
    "refresh_feedback",
    "seed_tensor",
    "sgd_step",
]
