"""The table of all objectives: those of evonas, and third-party ones by name."""

from evonas.evaluation.objectives.accuracy import measure_accuracy, measure_clean_accuracy
from evonas.evaluation.objectives.calibration import measure_calibration
from evonas.evaluation.objectives.corruption import measure_corruption
from evonas.evaluation.objectives.counts import count_bio, count_flops, count_params
from evonas.evaluation.objectives.energy import (
    estimate_inference_energy,
    estimate_training_energy,
)
from evonas.evaluation.objectives.latency import measure_latency
from evonas.evaluation.objectives.objective import Objective
from evonas.evaluation.objectives.others import ObjectiveTable, installed
from evonas.evaluation.objectives.robustness import measure_robustness

_OURS: dict[str, Objective] = {
    objective.name: objective
    for objective in (
        Objective(
            "acc", "fraction", "maximise", "forward",
            "accuracy on the validation part", 0.0, measure_accuracy,
            best=1.0, error="images",
        ),
        Objective(
            "robust", "fraction", "maximise", "attack",
            "accuracy on the validation part under APGD along the true gradient",
            0.0, measure_robustness, measure_clean_accuracy, best=1.0, error="images",
        ),
        Objective(
            "corruption", "fraction", "maximise", "attack",
            "mean accuracy under 8 kinds of corruption at 5 severities (mCA-native-8)",
            0.0, measure_corruption, best=1.0, error="own",
        ),
        Objective(
            "ece", "fraction", "minimise", "forward",
            "expected calibration error on the validation part, 15 bins",
            1.0, measure_calibration, best=0.0, error="own",
        ),
        Objective(
            "latency", "milliseconds", "minimise", "forward",
            "forward pass of one image, measured on this machine: noisy",
            None, measure_latency, best=0.0, error="repeats", is_reproducible=False,
        ),
        Objective(
            "params", "weights", "minimise", "free", "trainable parameters",
            None, count_params, best=0.0,
        ),
        Objective(
            "flops", "multiply-adds", "minimise", "free",
            "multiply-adds of one image, as the NAS-Bench-201 API counts them",
            None, count_flops, best=0.0,
        ),
        Objective(
            "energy", "microjoules", "minimise", "free",
            "estimate for classifying one image at batch size 1, 45 nm",
            None, estimate_inference_energy, best=0.0,
        ),
        Objective(
            "energy_training", "microjoules", "minimise", "free",
            "estimate for a training step, per image and with the learning rules, 45 nm",
            None, estimate_training_energy, best=0.0,
        ),
        Objective(
            "bio", "fraction", "maximise", "free",
            "share of the trainable weights whose rule does not transport the forward weights",
            0.0, count_bio, best=1.0,
        ),
    )
}  # fmt: skip

OBJECTIVES = ObjectiveTable(_OURS, installed)

# measured for every record, even if the run does not optimise them
ALWAYS_MEASURED = ("params", "flops", "bio")
