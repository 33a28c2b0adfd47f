"""Error of ``evonas forecast`` compared with measurements: memory, training time, latency.

    python -m benchmarks.forecast_accuracy --space nas-bench-201 --space mobile --genomes 10

For each random genome: a training on digits, the forecast, and the same training again. The
difference between the two trainings shows how exactly this machine can measure. Memory is compared
with the allocations of a step of the whole batch, which are the same each time. Seconds are CPU
time in one thread, so that other processes on the machine disturb them less.
"""

import argparse
import statistics
import time
from collections.abc import Sequence
from itertools import accumulate

import torch

from evonas.evaluation.attacks.robustness import robust_subset
from evonas.evaluation.data.images import SearchData
from evonas.evaluation.data.loading import load_search_data
from evonas.evaluation.evaluate import attack_seed
from evonas.evaluation.forecasting.candidate_forecast import forecast_candidate
from evonas.evaluation.forecasting.genome_sample import draw_genomes
from evonas.evaluation.forecasting.step_memory import step_allocations
from evonas.evaluation.forecasting.step_time import seconds_of_calls
from evonas.evaluation.one_thread import one_thread
from evonas.evaluation.protocol import Protocol
from evonas.evaluation.training.train import train
from evonas.evaluation.variants.genome_variant import GenomeVariant
from evonas.settings.reading import read_settings
from evonas.space import load
from evonas.study.resolve import resolve
from evonas.study.shape import shaped_space

Measured = tuple[float, float, float]
"""Peak bytes of a step, seconds of the training, milliseconds of one image."""


def measure(own: GenomeVariant, protocol: Protocol, data: SearchData) -> Measured:
    """Measure the training of a candidate and its latency for one image, with one thread."""
    recipe, traits = protocol.recipe, data.traits
    peak = max(accumulate(step_allocations(own, traits=traits, recipe=recipe, precision="fp32")))
    network = own.network(traits, seed=0)
    clock = time.thread_time
    with one_thread():
        start = clock()
        trained = train(network, data.train, traits=traits, recipe=recipe, seed=0)
        seconds = clock() - start
        pixels = data.validation.pixels[:1].float() / 255
        with torch.inference_mode():
            calls = seconds_of_calls(lambda: trained.network(pixels), clock=clock)
    return peak, seconds, 1e3 * statistics.median(calls)


def show_errors(what: str, found: Sequence[float], measured: Sequence[float]) -> None:
    """Print the differences between two series in per cent of the second."""
    errors = [100 * (a / b - 1) for a, b in zip(found, measured, strict=True)]
    sizes = [abs(each) for each in errors]
    within = sum(size <= 15 for size in sizes)
    print(
        f"{what}: {statistics.median(sizes):.1f} % in the median, {max(sizes):.1f} % at worst, "
        f"{statistics.fmean(errors):+.1f} % on average; {within} of {len(sizes)} within 15 %"
    )


def main() -> None:
    """Print one row per genome, and the errors for each space."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--space", action="append", required=True)
    parser.add_argument("--genomes", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for name in options.space:
        settings = resolve(read_settings({"space": name, "epochs": options.epochs}))
        protocol, space = Protocol.of(settings), shaped_space(load(name), settings)
        data = load_search_data("digits", seed=0)
        attacked = robust_subset(data.validation, num_images=100, seed=attack_seed(protocol))
        rows: list[tuple[Measured, Measured, Measured]] = []
        for genome in draw_genomes(space, count=options.genomes, seed=options.seed):
            own = GenomeVariant("", space, genome)
            first = measure(own, protocol, data)
            forecast = forecast_candidate(
                own, protocol=protocol, data=data, attacked=attacked,
                attack_seed=attack_seed(protocol), clock=time.thread_time,
            )  # fmt: skip
            said = (
                forecast.peak_bytes, forecast.training_seconds, forecast.latency_milliseconds
            )  # fmt: skip
            rows.append((said, first, measure(own, protocol, data)))
            print(f"{name}: {rows[-1]}", flush=True)
        for place, what in enumerate(("memory", "training", "latency")):
            forecasts, once, again = ([row[which][place] for row in rows] for which in range(3))
            mean = [(a + b) / 2 for a, b in zip(once, again, strict=True)]
            show_errors(f"{name}: {what}, forecast", forecasts, mean)
            show_errors(f"{name}: {what}, measured again", again, once)


if __name__ == "__main__":
    main()
