"""What results depend on besides the settings: package versions and the user's own modules."""

import platform
from importlib.metadata import PackageNotFoundError, version

from evonas.evaluation.data.known import all_datasets
from evonas.evaluation.objectives import OBJECTIVES
from evonas.evaluation.objectives.own_module import Source, is_own, source_of
from evonas.evaluation.protocol import Protocol
from evonas.rules import all_rules
from evonas.settings import Settings

PACKAGES = ("evonas", "torch", "numpy", "pymoo", "deap", "moocore")


def versions(settings: Settings) -> dict[str, str]:
    """Versions of Python, of the packages that results depend on, and of packages with extensions.

    The latter provide rules, objectives or data sets.
    """
    return (
        installed_packages()
        | all_rules().packages(settings.problem.rules)
        | OBJECTIVES.packages(_measured(settings))
        | all_datasets().packages([settings.training.dataset])
    )


def installed_packages() -> dict[str, str]:
    """Versions of Python and of the packages that all results depend on."""
    packages = {package: _version(package) for package in PACKAGES}
    return {"python": platform.python_version()} | packages


def sources(settings: Settings) -> dict[str, Source]:
    """The source files of the user's own objectives, by name.

    Raises:
        ObjectiveError: one cannot be imported.
    """
    return {name: source_of(name) for name in _measured(settings) if is_own(name)}


def _measured(settings: Settings) -> list[str]:
    return [objective.name for objective in Protocol.of(settings).measured()]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"
