"""``latency``: milliseconds of one forward pass, measured on this machine."""

import math
import statistics
import time
from collections.abc import Callable, Sequence

from evonas.evaluation.objectives.objective import MeasuredValue, Subject

BATCH_IMAGES = 1
WARM_UP_PASSES = 10
TIMED_PASSES = 51
NORMAL_995 = 2.5758293035489004


def measure_latency(subject: Subject) -> MeasuredValue:
    """Median duration of repeated passes of one image on the network's device, and its error.

    On a CPU the passes run on one thread; on a GPU each pass is synchronised.
    """
    import torch

    from evonas.evaluation.data.images import unit_pixels
    from evonas.evaluation.one_thread import one_thread

    pixels = unit_pixels(subject.validation.pixels[:BATCH_IMAGES])

    def run() -> None:
        subject.network(pixels)
        if pixels.is_cuda:
            torch.cuda.synchronize(pixels.device)

    with one_thread(), torch.inference_mode():
        return median_milliseconds(run)


def median_milliseconds(
    run: Callable[[], None], *, seconds: Callable[[], float] = time.perf_counter
) -> MeasuredValue:
    """Median duration of ``run`` in milliseconds, after warm-up runs that are not timed.

    Args:
        run: function to time; it must return only when all its work is done.
        seconds: clock, in seconds.
    """
    for _ in range(WARM_UP_PASSES):
        run()
    durations = []
    for _ in range(TIMED_PASSES):
        start = seconds()
        run()
        durations.append(1e3 * (seconds() - start))
    return MeasuredValue(statistics.median(durations), median_error(durations))


def median_error(values: Sequence[float]) -> float:
    """Standard error of a median, from two order statistics (McKean and Schrader 1984).

    Unlike one based on the standard deviation, it is not affected by a few delayed passes.

    Args:
        values: at least ten values.
    """
    ordered, count = sorted(values), len(values)
    low = max(1, round((count + 1) / 2 - NORMAL_995 * math.sqrt(count / 4)))
    return (ordered[count - low] - ordered[low - 1]) / (2 * NORMAL_995)
