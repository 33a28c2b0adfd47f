"""Call a third-party measure so that its errors fail one candidate, not the run."""

from collections.abc import Callable
from numbers import Real

from evonas.errors import CandidateFailure, ObjectiveFailed
from evonas.evaluation.objectives.objective import MeasuredValue, Subject

Measure = Callable[[Subject], float | MeasuredValue]


def guarded(measure: Measure, *, name: str) -> Measure:
    """Wrap a measure so that it has no side effects on the evaluation.

    While it runs, the network is in evaluation mode with frozen parameters, and torch's global
    generators, of the CPU and of the network's GPU, are seeded by the study; all are restored
    afterwards. An exception, or a result that is no number, becomes a failure of the candidate.
    Lack of memory and a lost device are raised.

    Args:
        measure: function to wrap.
        name: name of the objective, for messages.
    """

    def call(subject: Subject) -> MeasuredValue:
        import torch

        from evonas.evaluation.attacks.frozen_network import frozen
        from evonas.evaluation.memory import is_out_of_memory
        from evonas.evaluation.training.devices import is_lost_device

        try:
            device = subject.attacked.labels.device
            gpus = [torch.cuda.default_generators[device.index]] if device.type == "cuda" else []
            with torch.random.fork_rng([device] if gpus else []), frozen(subject.network):
                for generator in (torch.default_generator, *gpus):
                    generator.manual_seed(subject.attack_seed)
                found = measure(subject)
        except CandidateFailure:
            raise
        except Exception as problem:
            if is_out_of_memory(problem) or is_lost_device(problem):
                raise
            raise ObjectiveFailed(f"{name}: {type(problem).__name__}: {problem}") from problem
        error = found.standard_error if isinstance(found, MeasuredValue) else None
        value = found.value if isinstance(found, MeasuredValue) else found
        return MeasuredValue(
            _number(value, name=name), None if error is None else _number(error, name=name)
        )

    return call


def _number(given: object, *, name: str) -> float:
    """Convert any number, including a tensor or an array with one element, to a float."""
    item = getattr(given, "item", None)
    try:
        found = item() if callable(item) else given
    except (RuntimeError, ValueError):
        found = given
    if not isinstance(found, Real):
        raise ObjectiveFailed(f"{name}: expected a number, got {given!r:.60}")
    return float(found)
