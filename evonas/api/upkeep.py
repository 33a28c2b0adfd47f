"""The folder of a run verified and repaired, with its tables."""

from collections.abc import Callable
from pathlib import Path

from evonas.api.running import executor_of, write_run_tables, write_tables_of
from evonas.report.picture import write_picture
from evonas.settings.workers import Workers
from evonas.study.config import read_config
from evonas.study.upkeep.repair import repair
from evonas.study.upkeep.verify import Damage, verify


def verify_run(folder: Path, *, reads_images: bool = True) -> list[Damage]:
    """What is damaged or missing in the folder of a run; empty if nothing is.

    Args:
        folder: of the run.
        reads_images: whether the images are held against their hash.

    Raises:
        InputError: there is no run, or its configuration cannot be read.
    """
    return verify(
        folder,
        write_tables=lambda into, run: write_tables_of(run, into),
        reads_images=reads_images,
    )


def repair_run(folder: Path, *, workers: Workers, tell: Callable[[str], None]) -> None:
    """Put right what can be put right, tables included.

    Args:
        folder: of the run.
        workers: where what is missing is trained again.
        tell: is called with each thing that was done.

    Raises:
        EvonasError: see :func:`evonas.study.upkeep.repair.repair`.
    """
    with executor_of(read_config(folder), workers) as executor:
        repair(folder, executor=executor, tell=tell)
    before = {path: path.read_bytes() for path in folder.glob("*.csv")}
    run = write_run_tables(folder)
    write_picture(folder, run.candidates, run.settings)
    for path in sorted(folder.glob("*.csv")):
        if before.get(path) != path.read_bytes():
            tell(f"{path}: rewritten")
