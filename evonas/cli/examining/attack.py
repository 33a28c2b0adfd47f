"""``evonas attack``: stronger attacks on a trained network than in the search."""

from fractions import Fraction
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from evonas.api.terminal.console import working
from evonas.cli.options import QUIET, option


def attack(
    run: Annotated[Path, Parameter(help="The folder of a run, or a .safetensors file.")],
    key: Annotated[
        str | None,
        Parameter(help="Key of the candidate; its first characters are enough. Not for a file."),
    ] = None,
    /,
    *,
    epsilon: Annotated[
        list[str] | None,
        Parameter(
            help="Radii, such as 1/255; default: half, one, two and four times the run's radius.",
            show_default=False,
        ),
    ] = None,
    level: Annotated[
        int, Parameter(help="Strength of the attacks: 1 for a first look, 2 for reports.")
    ] = 1,
    images: Annotated[
        int, Parameter(help="Maximum number of images, stratified by class.")
    ] = 1000,
    part: Annotated[
        Literal["validation", "test"],
        Parameter(help="The test part is for final reports: do not choose networks by it."),
    ] = "validation",
    seed: Annotated[int, Parameter(help="Seed of the attacks.")] = 0,
    one_pixel: Annotated[
        bool, Parameter(help="Add one-pixel attacks (1, 3 and 5 pixels) on at most 100 images.")
    ] = False,
    referee: Annotated[
        bool, Parameter(help="Run AutoAttack by its authors last (needs the extra 'robust').")
    ] = False,
    dataset: Annotated[
        str | None, Parameter(help="Data set for a model file; a run knows its own.")
    ] = None,
    data_dir: Annotated[Path | None, option("data_dir")] = None,
    image_size: Annotated[
        int | None, Parameter(help="With --dataset: height and width of the images in the run.")
    ] = None,
    split_seed: Annotated[
        int | None,
        Parameter(help="With --dataset: seed of the split that it was trained on (0 by default)."),
    ] = None,
    out: Annotated[
        Path | None,
        Parameter(help="Output folder for the table and the figure.", show_default=False),
    ] = None,
    device: Annotated[str, Parameter(help="Device, as in torch.")] = "cpu",
    quiet: Annotated[bool, QUIET] = False,
) -> None:
    """Attack one trained network: accuracy at several radii, and checks for gradient masking.

    If interrupted, repeat the command to continue. A larger level adds to a smaller one.
    """
    from evonas.api.attack_targets import candidate_target, model_target
    from evonas.api.attacking import BAR_TITLE, attack_and_write, make_battery
    from evonas.api.progress_bar import count_display
    from evonas.cli.examining.attack_view import show_attacks
    from evonas.errors import ConfigError
    from evonas.evaluation.training.devices import check_one_device

    if images < 1:
        raise ConfigError(f"images: expected at least 1, got {images}")
    check_one_device(device)
    if run.suffix == ".safetensors":
        if key is not None:
            raise ConfigError(f"{run} is one model: expected no key, got '{key}'")
        target = model_target(
            run, dataset=dataset, data_dir=data_dir, image_size=image_size,
            split_seed=split_seed or 0, part=part, num_images=images, seed=seed, out=out,
        )  # fmt: skip
    else:
        if key is None:
            raise ConfigError(f"{run}: expected the key of a candidate; see evonas front {run}")
        given = {"dataset": dataset, "image-size": image_size, "split-seed": split_seed}
        for name, value in given.items():
            if value is not None:
                raise ConfigError(f"--{name} is for a model file; the run {run} has its own")
        target = candidate_target(
            run, key, data_dir=data_dir, part=part, num_images=images, seed=seed, out=out
        )
    radii: list[str] | list[Fraction] = epsilon or default_radii(target.epsilon)
    battery = make_battery(
        radii, level=level, has_one_pixel=one_pixel, has_referee=referee, seed=seed
    )
    console = working(quiet=quiet)
    with count_display(console, title=BAR_TITLE, unit="results", is_quiet=quiet) as show:
        report = attack_and_write(
            target.network.to(device), target.images.to(device), battery, known=target.known,
            record=target.record, on_progress=show, folder=target.folder, title=target.title,
            about={**target.about, "level": level},
        )  # fmt: skip
    show_attacks(console, report, title=target.title)


def default_radii(epsilon: Fraction | None) -> list[Fraction]:
    """Default radii of attacks.

    Args:
        epsilon: the epsilon that the network was searched with; None if it is not known.
    """
    if epsilon is None:
        return [Fraction(n, 255) for n in (1, 2, 4, 8)]
    return [min(epsilon * factor, Fraction(1)) for factor in (Fraction(1, 2), 1, 2, 4)]
