"""The versions that a run was begun with, held against those that are installed."""

from pathlib import Path

from evonas.settings import Settings
from evonas.study.config import read_versions
from evonas.study.create import versions


def other_versions(folder: Path, settings: Settings) -> list[str]:
    """What ``config.yaml`` says of versions and what is installed, where these differ.

    Args:
        folder: of a run.
        settings: of the run.

    Returns:
        For each package ``torch 2.10 in config.yaml, 2.11 installed``, in alphabetical order.

    Raises:
        ConfigError: the file is missing or damaged.
    """
    began, now = read_versions(folder), versions(settings)
    return [
        f"{name} {began.get(name, 'not named')} in config.yaml, "
        f"{now.get(name, 'not used')} installed"
        for name in sorted(began.keys() | now.keys())
        if began.get(name) != now.get(name)
    ]
