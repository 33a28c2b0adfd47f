"""``evonas ablate``: a network of a run compared with its controls."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from evonas.api.terminal.console import say, working
from evonas.cli.options import QUIET, RETRY_FAILED, option
from evonas.study.controls.options import ARCHITECTURES, RANDOM, REPLICATES, SHUFFLED


def ablate(
    folder: Annotated[Path, Parameter(help="The folder of a run.")],
    key: Annotated[str, Parameter(help="Key of the network; its first characters are enough.")],
    /,
    *,
    replicates: Annotated[
        int, Parameter(help="Trainings of the network and of each control; existing ones count.")
    ] = REPLICATES,
    rules: Annotated[
        list[str] | None,
        Parameter(help="Single rules to use in every layer; default: those of the run."),
    ] = None,
    random: Annotated[int, Parameter(help="Random assignments of the run's rules.")] = RANDOM,
    shuffled: Annotated[
        int, Parameter(help="Random reassignments of the network's own rules to its layers.")
    ] = SHUFFLED,
    architectures: Annotated[
        int, Parameter(help="Random architectures with the network's share of rules.")
    ] = ARCHITECTURES,
    networks: Annotated[
        list[str] | None, Parameter(help="Additional reference networks: resnet20, resnet56.")
    ] = None,
    rule: Annotated[
        list[str] | None, Parameter(help="Rules for these networks; default: bp.")
    ] = None,
    workers: Annotated[str | None, option("workers")] = None,
    timeout: Annotated[float | None, option("timeout")] = None,
    retry_failed: Annotated[bool, RETRY_FAILED] = False,
    quiet: Annotated[bool, QUIET] = False,
) -> None:
    """Train a network and its controls with equal seeds, and test whether it is better.

    Controls are its bp twin, single rules, random and shuffled rules, untrained convolutions,
    random architectures and ResNets; see docs/controls.md. If interrupted, repeat the command to
    continue.
    """
    from evonas.api.ablating import BAR_TITLE, ablate_and_write
    from evonas.api.progress_bar import count_display
    from evonas.cli.controls import show_controls
    from evonas.settings.workers import Workers
    from evonas.study.controls.options import ControlOptions

    options = ControlOptions(
        replicates=replicates,
        rules=None if rules is None else tuple(_names(rules)),
        random=random,
        shuffled=shuffled,
        architectures=architectures,
        networks=tuple(_names(networks or ())),
        network_rules=tuple(_names(rule or ("bp",))),
    )
    console = working(quiet=quiet)
    try:
        with count_display(console, is_quiet=quiet, title=BAR_TITLE, unit="trainings") as show:
            ablation = ablate_and_write(
                folder,
                key,
                options=options,
                workers=Workers.of(workers, timeout),
                on_progress=show,
                retry_failed=retry_failed,
            )
    except (KeyboardInterrupt, SystemExit):
        go_on = f"evonas ablate {shlex.quote(str(folder))} {key}"
        say(console, f"Interrupted; continue with the same command: {go_on} ...")
        raise
    show_controls(console, ablation)


def _names(given: Sequence[str]) -> list[str]:
    """Names, optionally comma-separated."""
    return [name.strip() for text in given for name in text.split(",") if name.strip()]
