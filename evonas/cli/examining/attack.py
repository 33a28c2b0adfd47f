"""``evonas attack``: a trained network under harder attacks than the search's."""

from fractions import Fraction
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from evonas.api.terminal.console import working
from evonas.cli.options import QUIET, option


def attack(
    run: Annotated[Path, Parameter(help="The folder of a run, or a .safetensors file.")],
    key: Annotated[
        str | None, Parameter(help="Of the candidate; the beginning is enough. None for a file.")
    ] = None,
    /,
    *,
    epsilon: Annotated[
        list[str] | None,
        Parameter(
            help="Radii, such as 1/255; by default half, one, two and four times the run's.",
            show_default=False,
        ),
    ] = None,
    level: Annotated[int, Parameter(help="1 for a first look, 2 for reports.")] = 1,
    images: Annotated[int, Parameter(help="At most; every class in its share.")] = 1000,
    part: Annotated[
        Literal["validation", "test"],
        Parameter(help="The test part is for final reports: do not choose networks by it."),
    ] = "validation",
    seed: Annotated[int, Parameter(help="Of the attacks' random numbers.")] = 0,
    one_pixel: Annotated[
        bool, Parameter(help="Change 1, 3 and 5 pixels at will too, on at most 100 images.")
    ] = False,
    referee: Annotated[
        bool, Parameter(help="Let AutoAttack by its authors come last (extra 'robust').")
    ] = False,
    dataset: Annotated[
        str | None, Parameter(help="Of a model's file; a run says so itself.")
    ] = None,
    data_dir: Annotated[Path | None, option("data_dir")] = None,
    image_size: Annotated[
        int | None, Parameter(help="With --dataset: the height and width of the run's images.")
    ] = None,
    split_seed: Annotated[
        int, Parameter(help="With --dataset: the split that the network was trained by.")
    ] = 0,
    out: Annotated[
        Path | None, Parameter(help="Folder of the table and the picture.", show_default=False)
    ] = None,
    device: Annotated[str, Parameter(help="As torch writes it.")] = "cpu",
    quiet: Annotated[bool, QUIET] = False,
) -> None:
    """Attack one trained network, and say what is left and whether that can be believed.

    Interrupted, it goes on by the same command; a larger level adds to a smaller one.
    """
    from evonas.api.attack_targets import candidate_target, model_target
    from evonas.api.attacking import BAR_TITLE, attack_to_the_end, make_battery
    from evonas.api.progress_bar import count_display
    from evonas.cli.examining.attack_view import show_attacks
    from evonas.errors import ConfigError
    from evonas.evaluation.training.devices import check_device

    if images < 1:
        raise ConfigError(f"images: expected at least 1, got {images}")
    check_device(device)
    if run.suffix == ".safetensors":
        if key is not None:
            raise ConfigError(f"{run} is one model: expected no key, got '{key}'")
        target = model_target(
            run, dataset=dataset, data_dir=data_dir, image_size=image_size, split_seed=split_seed,
            part=part, num_images=images, seed=seed, out=out,
        )  # fmt: skip
    else:
        if key is None:
            raise ConfigError(f"{run}: expected the key of a candidate; see evonas front {run}")
        target = candidate_target(run, key, part=part, num_images=images, seed=seed, out=out)
    radii: list[str] | list[Fraction] = epsilon or _around(target.epsilon)
    battery = make_battery(
        radii, level=level, has_one_pixel=one_pixel, has_referee=referee, seed=seed
    )
    console = working(quiet=quiet)
    with count_display(console, title=BAR_TITLE, unit="results", is_quiet=quiet) as show:
        report = attack_to_the_end(
            target.network.to(device), target.images.to(device), battery, known=target.known,
            record=target.record, on_progress=show, folder=target.folder, title=target.title,
            about={**target.about, "level": level},
        )  # fmt: skip
    show_attacks(console, report, title=target.title)


def _around(epsilon: Fraction | None) -> list[Fraction]:
    """Radii to attack at where none are given.

    Args:
        epsilon: that the network was searched with; None if it is not known.
    """
    if epsilon is None:
        return [Fraction(n, 255) for n in (1, 2, 4, 8)]
    return [min(epsilon * factor, Fraction(1)) for factor in (Fraction(1, 2), 1, 2, 4)]
