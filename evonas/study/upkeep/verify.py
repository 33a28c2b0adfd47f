"""Verify everything in the folder of a run."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from evonas.errors import ConfigError, EvonasError, StorageError
from evonas.evaluation.data.fitting import Fitting
from evonas.evaluation.data.loading import fingerprints
from evonas.settings import Settings
from evonas.study.checkpoints import CHECKPOINTS_FOLDER
from evonas.study.checkpoints import is_intact as is_intact_checkpoint
from evonas.study.folder import readable_run
from evonas.study.journal import database
from evonas.study.journal.head import HEAD_FILE
from evonas.study.models import is_model_of
from evonas.study.prior.prior_file import PRIOR_FILE, is_intact_prior
from evonas.study.results.likely import likely_front
from evonas.study.results.reading import RunState, run_state
from evonas.study.results.standing import STANDINGS_FILE, is_intact_standings
from evonas.study.weights import MODELS_FOLDER, weights_path

WriteTables = Callable[[Path, RunState], None]


@dataclass(frozen=True)
class Damage:
    """A problem in the folder of a run.

    Attributes:
        path: path of the file.
        problem: description of the problem.
        remedy: what ``evonas repair`` does about it; empty if nothing.
    """

    path: Path
    problem: str
    remedy: str = ""


def verify(folder: Path, *, write_tables: WriteTables, reads_images: bool = True) -> list[Damage]:
    """List what is damaged or missing in the folder of a run.

    Args:
        folder: folder of the run, which no process writes to meanwhile.
        write_tables: writes the tables of a run into a folder.
        reads_images: whether to check the images against their hash.

    Raises:
        RunFolderError: there is no run.
        ConfigError: its configuration cannot be read.
    """
    try:
        with readable_run(folder) as (settings, journal):
            found = _head(folder, version=journal.version)
            run = run_state(folder, settings, journal)
    except ConfigError:
        raise
    except StorageError as problem:
        return [Damage(folder, str(problem), "recovers what can be read, and keeps the old file")]
    found += _models(run)
    found += _checkpoints(folder)
    found += _standings(folder)
    found += _prior(run)
    found += _tables(run, write_tables)
    if reads_images:
        found += _images(settings)
    return found


def damaged_models(run: RunState) -> list[Path]:
    """Model files that are damaged, or no longer belong to their candidate."""
    candidates = {candidate.key: candidate for candidate in run.candidates}
    return [
        path
        for path in sorted((run.folder / MODELS_FOLDER).glob("*.safetensors"))
        if path.stem not in candidates or not is_model_of(candidates[path.stem], path)
    ]


def damaged_checkpoints(folder: Path) -> list[Path]:
    """Damaged checkpoint files."""
    files = sorted((folder / CHECKPOINTS_FOLDER).glob("*.pt"))
    return [path for path in files if not is_intact_checkpoint(path)]


def _head(folder: Path, *, version: int) -> list[Damage]:
    if version != database.FORMAT:
        problem = f"format {version} has no hashes: changes would go unnoticed"
        return [Damage(folder, problem, "upgrades it to the current format")]
    if not (folder / HEAD_FILE).exists():
        problem = "missing: entries lost from the end of the journal would go unnoticed"
        return [Damage(folder / HEAD_FILE, problem, "writes it")]
    return []


def _models(run: RunState) -> list[Damage]:
    again = "trains it again"
    bad = damaged_models(run)
    found = [Damage(path, "does not match its hash", again) for path in bad]
    for candidate in likely_front(run.candidates):
        path = weights_path(run.folder, candidate.key)
        if not path.exists():
            found.append(Damage(path, "missing", again))
    return found


def _checkpoints(folder: Path) -> list[Damage]:
    remedy = "removes it: the candidate is trained from the start"
    problem = "does not match its hash"
    return [Damage(path, problem, remedy) for path in damaged_checkpoints(folder)]


def _standings(folder: Path) -> list[Damage]:
    path = folder / STANDINGS_FILE
    if path.exists() and not is_intact_standings(folder):
        return [Damage(path, "does not match its hash", "rebuilds it")]
    return []


def _prior(run: RunState) -> list[Damage]:
    sha256 = run.settings.search.prior_sha256
    if sha256 is None or is_intact_prior(run.folder, sha256):
        return []
    return [Damage(run.folder / PRIOR_FILE, "missing, or does not match its hash")]


def _tables(run: RunState, write_tables: WriteTables) -> list[Damage]:
    found = []
    with TemporaryDirectory() as scratch:
        write_tables(Path(scratch), run)
        for expected in sorted(Path(scratch).iterdir()):
            path = run.folder / expected.name
            if not path.exists():
                found.append(Damage(path, "missing", "writes it"))
            elif path.read_bytes() != expected.read_bytes():
                found.append(Damage(path, "differs from the journal", "rewrites it"))
    return found


def _images(settings: Settings) -> list[Damage]:
    training = settings.training
    if training.train_sha256 is None:
        return []
    folder = Path(training.data_dir)
    try:
        train, test = fingerprints(training.dataset, data_dir=folder, fitting=Fitting.of(training))
    except EvonasError as problem:
        return [Damage(folder, f"the images cannot be read: {problem}")]
    found = []
    for part, now, then in (
        ("training", train, training.train_sha256), ("test", test, training.test_sha256),
    ):  # fmt: skip
        if then is not None and now != then:
            found.append(
                Damage(folder, f"the {part} images are not those that the run started with")
            )
    return found
