"""Run the authors' own AutoAttack (Croce and Hein 2020) as an independent referee.

It runs in a separate process because it seeds torch globally and stops any tracing (coverage,
debuggers). The package is an optional dependency: ``pip install 'evonas[robust]'``.
"""

import signal
import time
from collections.abc import Callable
from copy import deepcopy
from fractions import Fraction
from importlib.util import find_spec

import torch
from torch import nn

from evonas.errors import CandidateFailure, ConfigError, DataError
from evonas.evaluation.attacks.level import LevelResult
from evonas.evaluation.attacks.under_attack import under_attack
from evonas.evaluation.data.images import FloatImages, Images, unit_pixels

STANDARD: tuple[str, ...] = ("apgd-ce", "apgd-t", "fab-t", "square")
FEW_CLASSES: tuple[str, ...] = (
    "apgd-ce",
    "fab",
    "square",
)  # for fewer than four classes, where the targeted DLR loss is not defined
MAX_TARGETS = 9


def referee(
    network: nn.Module,
    images: Images | FloatImages,
    *,
    epsilon: Fraction | float,
    num_classes: int,
    seed: int,
    batch_size: int = 256,
) -> LevelResult:
    """Run AutoAttack's ``standard`` version, L-infinity, along the true gradient, in a process.

    Args:
        network: maps images in [0, 1] to logits; a copy is sent to the process, so it must be
            picklable, with its class defined in a module or in ``__main__``.
        images: images on the network's device.
        epsilon: radius of the ball, in units of the pixel range; above 0.
        num_classes: number of classes. With fewer than ten, all wrong classes are targeted; with
            fewer than four, untargeted FAB replaces both targeted attacks.
        seed: seed of each of the attacks.
        batch_size: number of images attacked at once. Its Square attack shares windows within a
            batch, so verdicts on single images depend on it.

    Returns:
        The result of the attacks, each run on the images that those before it left correct.

    Raises:
        CandidateFailure: the process died, or the network cannot be attacked honestly.
        ConfigError: pyautoattack is not installed, or an argument is out of range.
        DataError: there are no images.
    """
    if find_spec("pyautoattack") is None:
        raise ConfigError(
            "the referee needs the package pyautoattack, which is not installed: "
            "pip install 'evonas[robust]'"
        )
    if not len(images):
        raise DataError("referee: expected at least one image, got none")
    if not 0.0 < float(epsilon) <= 1.0:
        raise ConfigError(
            f"epsilon of the referee: expected more than 0, at most 1; got {epsilon}"
        )
    if num_classes < 2 or batch_size < 1:
        raise ConfigError(
            "referee: expected at least 2 classes and a batch size of at least 1, got "
            f"{num_classes} and {batch_size}"
        )
    device = images.pixels.device
    sent = deepcopy(network).cpu()
    return _in_a_process(
        lambda: _judged(
            sent.to(device), images.to(device), float(epsilon), num_classes, seed, batch_size
        )
    )


def _judged(
    network: nn.Module,
    images: Images | FloatImages,
    epsilon: float,
    num_classes: int,
    seed: int,
    batch_size: int,
) -> LevelResult:
    """Run AutoAttack in this process, whose global state it changes."""
    from pyautoattack import AutoAttack

    attacks = STANDARD if num_classes >= 4 else FEW_CLASSES
    notes = {}
    if num_classes < 4:
        notes["fab"] = f"apgd-t and fab-t need 4 classes, there are {num_classes}: fab instead"
    pixels, labels = unit_pixels(images.pixels).contiguous(), images.labels
    after, seconds = {}, {}
    with under_attack(network, pixels[:16]):
        judge = AutoAttack(
            network, eps=epsilon, norm="Linf", seed=seed, version="standard", device=pixels.device
        )
        num_targets = min(MAX_TARGETS, num_classes - 1)
        judge.apgd_targeted.n_target_classes = judge.fab.n_target_classes = num_targets
        with torch.no_grad():
            answers = torch.cat([network(part).argmax(1) for part in pixels.split(batch_size)])
        robust = answers == labels
        clean = float(robust.float().mean())
        for attack in attacks:
            began = time.perf_counter()
            judge.attacks_to_run = [attack]
            left = robust.nonzero().squeeze(1)
            if len(left):
                _, answers = judge.run_standard_evaluation(
                    pixels[left], labels[left], batch_size=batch_size
                )
                robust[left] = answers == labels[left]
            after[attack] = float(robust.float().mean())
            seconds[attack] = time.perf_counter() - began
    return LevelResult(robust.cpu(), clean, after, seconds, notes)


def _in_a_process(judge: Callable[[], LevelResult]) -> LevelResult:
    """Run ``judge`` in a new process that ends with it."""
    from joblib.externals.loky import ProcessPoolExecutor
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    pool = ProcessPoolExecutor(
        max_workers=1, initializer=_begin, initargs=(torch.get_num_threads(),)
    )
    try:
        result: LevelResult = pool.submit(judge).result()
    except TerminatedWorkerError as problem:
        reason = str(problem).splitlines()[0]
        raise CandidateFailure(f"the referee's process died: {reason}") from problem
    finally:
        pool.shutdown(wait=True, kill_workers=True)
    return result


def _begin(num_threads: int) -> None:
    """Initialise the process: leave Ctrl-C to the parent, and set the number of threads."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(num_threads)
