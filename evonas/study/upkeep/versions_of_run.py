"""Compare the versions a run was started with to the installed ones."""

from collections.abc import Mapping
from pathlib import Path

from evonas.settings import Settings
from evonas.study.config import CONFIG_FILE, read_versions
from evonas.study.folder import readable_run
from evonas.study.versions import versions


def other_versions(folder: Path, settings: Settings) -> list[str]:
    """Differences between the versions at the start of a run, now, and in ``config.yaml``.

    Args:
        folder: folder of a run.
        settings: settings of the run.

    Returns:
        A sentence for each package, in alphabetical order, whose installed version differs from
        that at the start of the run, or whose version in ``config.yaml`` was edited.

    Raises:
        ConfigError: the file is missing or damaged.
        StorageError: the journal is damaged.
    """
    said, began = read_versions(folder), versions_at_start(folder)
    return [
        f"{name}: {old or 'not used'} when the run started, {new or 'not used'} now; results "
        f"from here on may differ from earlier ones"
        for name, old, new in differences(began, versions(settings))
    ] + [
        f"{name}: {new or 'not named'} in {CONFIG_FILE}, {old or 'not used'} when the run "
        f"started; the file was edited"
        for name, old, new in differences(began, said)
    ]


def versions_at_start(folder: Path) -> dict[str, str]:
    """The versions with which a run was started; from ``config.yaml`` in early runs.

    Raises:
        ConfigError: that file is missing or damaged.
        StorageError: the journal is damaged.
    """
    with readable_run(folder) as (_, journal):
        began = journal.versions()
    return read_versions(folder) if began is None else began


def differences(
    one: Mapping[str, str], two: Mapping[str, str]
) -> list[tuple[str, str | None, str | None]]:
    """Name and both versions of each package that differs, in alphabetical order."""
    names = sorted(one.keys() | two.keys())
    return [(n, one.get(n), two.get(n)) for n in names if one.get(n) != two.get(n)]
