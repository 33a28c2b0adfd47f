"""``evonas forecast``: what a run will need; its options are those of ``evonas run``."""

from inspect import Parameter as Argument
from inspect import Signature
from typing import Annotated, Any

from cyclopts import Parameter

from evonas.api.terminal.console import showing, working
from evonas.cli.options import AsJson
from evonas.cli.run_command import OWN_PANEL, given_settings, own_argument, setting_arguments

_OWN: dict[str, tuple[Any, Any]] = {
    "genome": (
        Annotated[
            str | None,
            Parameter(
                help="The genome to examine; by default genomes are drawn at random with --seed.",
                show_default=False,
                group=OWN_PANEL,
            ),
        ],
        None,
    ),
    "sample": (
        Annotated[int, Parameter(help="Number of candidates to draw.", group=OWN_PANEL)],
        5,
    ),
    "json": (AsJson, False),
}


def forecast(**given: Any) -> None:
    """Estimate what a run needs: memory, time and latency of candidates, and total time.

    Only a few steps of each candidate are timed, on this machine's CPU. Nothing is written.
    """
    config = given.pop("config", None)
    own = {name: given.pop(name, default) for name, (_, default) in _OWN.items()}
    from evonas.api.checks.forecast import forecast_run
    from evonas.api.progress_bar import count_display
    from evonas.api.terminal.json_output import print_json
    from evonas.cli.measuring.forecast_words import show_forecast

    settings = given_settings(given, config)
    is_json = own["json"]
    title = "Trying candidates"
    with count_display(working(), title=title, unit="candidates", is_quiet=is_json) as show:
        found = forecast_run(
            settings, genome=own["genome"], sample=own["sample"], on_progress=show
        )
    if is_json:
        whole = {
            "seconds": found.seconds,
            "seconds_a_candidate": found.seconds_a_candidate,
            "peak_bytes": found.peak_bytes,
        }
        print_json(showing(), {"run": whole, "forecast": found})
    else:
        show_forecast(showing(), found)


forecast.__signature__ = Signature(  # type: ignore[attr-defined]
    [
        *setting_arguments(),
        own_argument("config"),
        *(
            Argument(name, Argument.KEYWORD_ONLY, annotation=kind, default=default)
            for name, (kind, default) in _OWN.items()
        ),
    ]
)
