"""Warm start: a new run reuses the results of earlier ones and trains only what is new."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from evonas.errors import ConfigError
from evonas.settings import SETTINGS, Settings
from evonas.strict_yaml import read_text
from evonas.study.config import SPACE_FILE, read_sources
from evonas.study.executors.known import known_id
from evonas.study.folder import check_is_run, opened_run, readable_run
from evonas.study.journal.reading import reusable_of
from evonas.study.upkeep.versions_of_run import differences, versions_at_start
from evonas.study.versions import sources, versions
from evonas.study.weights import MODELS_FOLDER

MAY_DIFFER = ("objectives", "audit_images")
"""Settings that may differ besides those of the search: objectives do not change a training."""


SEARCH_PACKAGES = ("pymoo", "deap", "moocore")
"""Packages that decide which candidates are trained, not how."""


def check_protocol(settings: Settings, space_text: str, runs: Sequence[Path]) -> None:
    """Refuse runs whose trainings are not identical to those of the new run.

    Args:
        settings: settings of the new run.
        space_text: the YAML of its search space.
        runs: the runs whose results it would reuse.

    Raises:
        ConfigError: one differs in its space, seed, training, attack or machine, or did not
            measure all objectives of the new run by the same functions.
        RunFolderError: one is not a run.
        StorageError: one is damaged.
    """
    for folder in runs:
        check_is_run(folder)
        with readable_run(folder) as (other, _):
            different = [
                text for text in other.differences(settings) if _matters(text.partition(":")[0])
            ]
        if read_text(folder / SPACE_FILE) != space_text:
            different.append("the text of the search space")
        different += _changed_objectives(settings, folder)
        missing = sorted({*settings.problem.objectives} - {*other.problem.objectives})
        if missing:
            different.append(f"it did not measure {', '.join(missing)}")
        if different:
            raise ConfigError(
                f"warm_start: {folder} has another protocol ({'; '.join(different)}), so its "
                f"trainings cannot be reused"
            )


def outdated_results(settings: Settings, runs: Sequence[Path]) -> list[str]:
    """Sentences that say which runs were trained with other versions than are installed.

    Args:
        settings: settings of the new run.
        runs: the runs whose results it would reuse.
    """
    return [
        f"warm_start: {folder} was started with {name} {old or 'not used'}, {new or 'not used'} "
        f"now; its results may differ from those of new trainings"
        for folder in runs
        for name, old, new in differences(versions_at_start(folder), versions(settings))
        if name not in SEARCH_PACKAGES
    ]


def reuse_results(folder: Path, runs: Sequence[Path]) -> int:
    """Give a new run the results of others that passed :func:`check_protocol`.

    Args:
        folder: folder of the new run.
        runs: the runs whose results it reuses.

    Returns:
        The number of reused results.
    """
    with opened_run(folder) as (_, journal):
        found = {known_id(each): each for each in journal.known()}
        before = set(found)
        for other in runs:
            with readable_run(other) as (_, read):
                results = read.read(reusable_of)
            for each in results:
                found.setdefault(known_id(each), each)
            keys = {each.key for each in results}
            for model in sorted((other / MODELS_FOLDER).glob("*.safetensors")):
                place = folder / MODELS_FOLDER / model.name
                place.parent.mkdir(exist_ok=True)
                if model.stem in keys and not place.exists():
                    shutil.copy(model, place)  # checked against its hash before use
        journal.record_known([each for key, each in found.items() if key not in before])
        return len(found)


def _changed_objectives(settings: Settings, folder: Path) -> list[str]:
    """The user's own objectives that the run in ``folder`` measured by another function."""
    began, now = read_sources(folder), sources(settings)
    return [
        f"objective '{name}': {now[name].file} was changed since"
        for name in now
        if name in began and began[name].sha256 != now[name].sha256
    ]


def _matters(name: str) -> bool:
    return (SETTINGS[name].group != "search" or name == "seed") and name not in MAY_DIFFER
