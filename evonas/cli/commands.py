"""What each command does; everything heavy is imported when a command runs."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

_Folder = Annotated[Path, typer.Argument(help="The folder of a run.")]
_Workers = Annotated[
    int | None,
    typer.Option(help="Candidates at once; by default one for each core, or 6 on each GPU."),
]
_Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]


def run(
    space: Annotated[str, typer.Option(help="A shipped space, or the path of a YAML file.")],
    objectives: Annotated[
        str, typer.Option(help="What to optimise, comma-separated; see: evonas objectives.")
    ] = "acc,robust",
    rules: Annotated[
        str | None,
        typer.Option(
            help="Learning rules to choose from, comma-separated; the space's own if unset."
        ),
    ] = None,
    dataset: Annotated[
        str,
        typer.Option(help="digits, fashion-mnist, cifar10, cifar100, imagenet16-120 or folder."),
    ] = "digits",
    data_dir: Annotated[
        Path | None, typer.Option(help="Where the data lie; $EVONAS_DATA or ./data by default.")
    ] = None,
    download: Annotated[
        bool, typer.Option("--download", help="Fetch the data set if it is missing.")
    ] = False,
    algorithm: Annotated[
        str, typer.Option(help="The search engine; see: evonas algorithms.")
    ] = "evonas",
    mutation: Annotated[
        str,
        typer.Option(help="plain, or eg: half of the children come from a supernet's guidance."),
    ] = "plain",
    eg_without: Annotated[
        str | None,
        typer.Option(
            help="Parts of eg to switch off, comma-separated: gradient, cma, similarity, score; "
            "similarity by default, none for the paper's form."
        ),
    ] = None,
    supernet_epochs: Annotated[
        int | None,
        typer.Option(help="Epochs of the supernet; three times a candidate's by default."),
    ] = None,
    supernet_images: Annotated[
        int | None, typer.Option(help="Training images of the supernet; as --images by default.")
    ] = None,
    supernet_channels: Annotated[
        int | None,
        typer.Option(help="Channels of its first stage; as for the candidates by default."),
    ] = None,
    population: Annotated[int, typer.Option(help="Candidates in a generation.")] = 20,
    generations: Annotated[
        int | None, typer.Option(help="Generations at most; 4 by default.")
    ] = None,
    evaluations: Annotated[
        int | None, typer.Option(help="Candidates at most; population x generations by default.")
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(help="Epochs for each candidate; the data set's own by default.")
    ] = None,
    mode: Annotated[
        str,
        typer.Option(
            help="generational, or steady: one candidate more whenever a worker is free."
        ),
    ] = "generational",
    fidelity: Annotated[
        str | None,
        typer.Option(
            help="Epochs after which candidates are compared and most are stopped, such as 1,3,9."
        ),
    ] = None,
    eta: Annotated[
        int, typer.Option(help="With --fidelity: of so many candidates, one is trained on.")
    ] = 3,
    constraint: Annotated[
        list[str] | None,
        typer.Option(help="What a candidate must keep to, such as 'params<=1.0M'; repeatable."),
    ] = None,
    gate: Annotated[
        str,
        typer.Option(
            help="skip dear objectives that cannot change the front, measure them all the same, "
            "or off."
        ),
    ] = "skip",
    batch: Annotated[
        int | None, typer.Option(help="Images in a mini-batch; the data set's own by default.")
    ] = None,
    images: Annotated[
        int | None, typer.Option(help="Training images to use; all of them by default.")
    ] = None,
    channels: Annotated[
        int | None, typer.Option(help="Channels of the first stage; the space's own by default.")
    ] = None,
    cells: Annotated[
        int | None, typer.Option(help="Cells in each stage; the space's own by default.")
    ] = None,
    epsilon: Annotated[
        str | None,
        typer.Option(help="Radius of the attack, such as 1/255; the data set's own by default."),
    ] = None,
    workers: _Workers = None,
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 0,
    device: Annotated[
        str,
        typer.Option(help="Where candidates are trained: auto, cpu, cuda, cuda:<number> or all."),
    ] = "auto",
    precision: Annotated[
        str | None,
        typer.Option(help="Of the training: fp32, tf32 or bf16; fp32 on a CPU, tf32 on a GPU."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="The run's folder; runs/<space>-<data set>-<number> by default."),
    ] = None,
    quiet: _Quiet = False,
) -> None:
    """Search a space, and write its Pareto front into a folder of its own."""
    from evonas.cli.options import RunOptions, resolve, worker_count
    from evonas.cli.studying import begin

    options = RunOptions(
        space=space,
        objectives=objectives,
        rules=rules,
        dataset=dataset,
        data_dir=data_dir,
        algorithm=algorithm,
        mutation=mutation,
        eg_without=eg_without,
        supernet_epochs=supernet_epochs,
        supernet_images=supernet_images,
        supernet_channels=supernet_channels,
        population=population,
        generations=generations,
        evaluations=evaluations,
        epochs=epochs,
        batch=batch,
        images=images,
        channels=channels,
        cells=cells,
        epsilon=epsilon,
        seed=seed,
        device=device,
        precision=precision,
        mode=mode,
        constraints=tuple(constraint or ()),
        gate=gate,
        fidelity=fidelity,
        eta=eta,
    )
    worker_count(workers, device=device)  # a mistake should be told before the data are read
    config, _ = resolve(options, download=download)
    begin(config, space=space, out=out, workers=workers, is_quiet=quiet)


def resume(folder: _Folder, workers: _Workers = None, quiet: _Quiet = False) -> None:
    """Go on with a run that was interrupted, as if it never had been."""
    from evonas.cli.studying import go_on

    go_on(folder, workers=workers, is_quiet=quiet)


def front(folder: _Folder) -> None:
    """Print the front of a run, and draw it into its folder as front.png."""
    from evonas.cli.showing import show_front

    show_front(Console(), folder)


def doctor(
    device: Annotated[
        str, typer.Option(help="To look at: auto, cpu, cuda, cuda:<number> or all.")
    ] = "auto",
) -> None:
    """Say what this machine has, which path a run takes on it, and how fast it is."""
    from evonas.cli.doctor import examine

    examine(Console(), device=device)


def spaces(context: typer.Context) -> None:
    """List, show and check search spaces."""
    if context.invoked_subcommand is None:
        spaces_list()


def spaces_list() -> None:
    """List the spaces that come with evonas."""
    from evonas.cli.showing import show_spaces

    show_spaces(Console())


def spaces_show(
    name: Annotated[str, typer.Argument(help="A shipped space, or the path of a YAML file.")],
) -> None:
    """Show one space: its cells, its rules, its size and a genome."""
    from evonas.cli.showing import show_space

    show_space(Console(), name)


def spaces_check(
    file: Annotated[Path, typer.Argument(help="The YAML file of a space.")],
) -> None:
    """Check the YAML file of a space, and tell every problem in it at once."""
    from evonas.cli.showing import check_space

    check_space(Console(), file)


def rules(context: typer.Context) -> None:
    """List and show learning rules."""
    if context.invoked_subcommand is None:
        rules_list()


def rules_list() -> None:
    """List the learning rules, what each sends, and where it was published."""
    from evonas.cli.rules import list_rules

    list_rules(Console())


def rules_show(
    name: Annotated[str, typer.Argument(help="A name of the list: evonas rules.")],
) -> None:
    """Show one rule: equation, what it sends, updates and costs, its limits and its source."""
    from evonas.cli.rules import show_rule

    show_rule(Console(), name)


def objectives() -> None:
    """List the objectives: name, unit, direction and cost."""
    from evonas.cli.showing import show_objectives

    show_objectives(Console())
