"""Verify and repair the folder of a run, including its tables."""

from collections.abc import Callable
from pathlib import Path

from evonas.api.running import executor_of, write_run_tables, write_tables_of
from evonas.report.picture import write_picture
from evonas.settings.workers import Workers
from evonas.study.config import read_config
from evonas.study.upkeep.repair import repair
from evonas.study.upkeep.verify import Damage, verify


def verify_run(folder: Path, *, reads_images: bool = True) -> list[Damage]:
    """List what is damaged or missing in the folder of a run.

    Args:
        folder: folder of the run.
        reads_images: whether to check the images against their hash.

    Raises:
        InputError: there is no run, or its configuration cannot be read.
    """
    return verify(
        folder,
        write_tables=lambda into, run: write_tables_of(run, into),
        reads_images=reads_images,
    )


def repair_run(folder: Path, *, workers: Workers, tell: Callable[[str], None]) -> None:
    """Repair what can be repaired, including tables.

    Args:
        folder: folder of the run.
        workers: where missing models are trained again.
        tell: called with a message for each repair.

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
