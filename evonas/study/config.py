"""``config.yaml``: every setting that determines a run's result, and its package versions."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from evonas.errors import ConfigError
from evonas.evaluation.data.fitting import DISK
from evonas.evaluation.data.place import default_data_dir
from evonas.evaluation.objectives.own_module import Source, also_search
from evonas.settings import SETTINGS, Settings, Unset
from evonas.settings.checks import check_settings
from evonas.settings.reading import flat, read_settings
from evonas.strict_yaml import dump_yaml, read_yaml
from evonas.study.weights import write_whole

CONFIG_FILE = "config.yaml"
SPACE_FILE = "space.yaml"
VERSIONS = "versions"
SOURCES = "sources"
DATA = "data"
"""Written for readers and later commands; they do not affect the result."""

# values for runs that are older than these settings
_IMPLIED: dict[str, Any] = {
    "replicates": "1",
    "confirm": 0,
    "audit_images": 0,
    "controls": False,
    "signals": (),
    "prior_sha256": None,
    "training_epsilon": None,
    "train_sha256": None,
    "test_sha256": None,
}


def config_text(
    settings: Settings,
    *,
    versions: Mapping[str, str],
    sources: Mapping[str, Source] | None = None,
) -> str:
    """The text of ``config.yaml``: the settings that determine the result, and the image folder.

    Args:
        settings: settings of a run.
        versions: versions of the packages that its results depend on.
        sources: sources of the user's own objectives, by name.
    """
    document: dict[str, Any] = {}
    for name, value in settings.values().items():
        known = SETTINGS[name]
        if known.decides_result:
            group = document.setdefault(known.group, {})
            group[name] = list(value) if isinstance(value, tuple) else value
    document[DATA] = {"folder": settings.training.data_dir}
    if settings.training.image_storage == DISK:
        document[DATA]["storage"] = DISK
    document[VERSIONS] = dict(versions)
    if sources:
        document[SOURCES] = {name: asdict(source) for name, source in sources.items()}
    return dump_yaml(document)


def read_given(path: Path) -> dict[str, Any]:
    """The settings in a configuration file, by name, not converted yet.

    The file may hold some or all settings, grouped or flat: files written by a run, by evonas 0.1
    or by hand are all accepted. A file written by an older run keeps its meaning: later
    settings get the value that changes nothing.

    Raises:
        ConfigError: the file cannot be read, or is not a mapping.
    """
    document = _read(path)
    given = flat(_settings_of(document), where=str(path))
    if DATA in document:
        given["data_dir"] = _data_folder(document, where=path)
        if "storage" in document[DATA]:
            given["image_storage"] = document[DATA]["storage"]
    if VERSIONS not in document:
        return given
    return {**_IMPLIED, "split_seed": given.get("seed"), **given}


def read_document(path: Path) -> dict[str, Any]:
    """The file as plain mappings and lists, without the versions.

    Raises:
        ConfigError: it cannot be read, or is not a mapping.
    """
    return _settings_of(_read(path))


def read_versions(folder: Path) -> dict[str, str]:
    """The package versions that the run in ``folder`` was started with.

    Raises:
        ConfigError: the file is missing or damaged.
    """
    found = _read(folder / CONFIG_FILE).get(VERSIONS) or {}
    if not isinstance(found, dict):
        raise ConfigError(
            f"{folder / CONFIG_FILE}: {VERSIONS}: expected a version of each package"
        )
    return {str(name): str(version) for name, version in found.items()}


def read_sources(folder: Path) -> dict[str, Source]:
    """The source files of the custom objectives of the run in ``folder``, by name.

    Raises:
        ConfigError: the file is missing or damaged.
    """
    path = folder / CONFIG_FILE
    try:
        return {
            str(name): Source(**{key: str(value) for key, value in each.items()})
            for name, each in (_read(path).get(SOURCES) or {}).items()
        }
    except (AttributeError, TypeError) as problem:
        raise ConfigError(
            f"{path}: {SOURCES}: expected folder, file and sha256 of each objective"
        ) from problem


def read_config(folder: Path) -> Settings:
    """The settings of the run in ``folder``; its custom objectives are registered.

    The image folder is the one in the file, or the default if that does not exist.

    Raises:
        ConfigError: the file is missing, or does not hold all settings of a run.
    """
    path = folder / CONFIG_FILE
    for source in read_sources(folder).values():
        also_search(Path(source.folder))
    settings = read_settings(read_given(path), where=str(path))
    missing = [name for name in settings.left_open if SETTINGS[name].decides_result]
    if missing:
        raise ConfigError(f"{path}: expected all settings of a run, missing {', '.join(missing)}")
    try:
        check_settings(settings)
    except ConfigError as problem:
        raise ConfigError(f"{path}: {problem}") from problem
    return _located(settings)


def write_data_folder(folder: Path, data_dir: Path) -> None:
    """Record a new image folder in the configuration of the run in ``folder``.

    Raises:
        ConfigError: the file is missing or damaged.
        OSError: it cannot be written.
    """
    path = folder / CONFIG_FILE
    before = _read(path)
    said = before.get(DATA) or {}
    document = {**before, DATA: {**said, "folder": str(data_dir)}}
    text = dump_yaml(document)
    write_whole(path, text.encode())


def _located(settings: Settings) -> Settings:
    """The settings with the image folder on this machine."""
    said, usual = settings.value("data_dir"), default_data_dir().resolve()
    if isinstance(said, Unset) or (usual.is_dir() and not Path(said).exists()):
        return settings.with_values({"data_dir": str(usual)})
    return settings


def _data_folder(document: Mapping[Any, Any], *, where: Path) -> str:
    try:
        return str(document[DATA]["folder"])
    except (TypeError, KeyError) as problem:
        raise ConfigError(f"{where}: {DATA}: expected the folder of the images") from problem


def _read(path: Path) -> dict[Any, Any]:
    document = read_yaml(path, error=ConfigError)
    if not isinstance(document, dict):
        raise ConfigError(f"{path}: expected the settings of a run")
    return document


def _settings_of(document: Mapping[Any, Any]) -> dict[Any, Any]:
    return {key: value for key, value in document.items() if key not in (VERSIONS, SOURCES, DATA)}
