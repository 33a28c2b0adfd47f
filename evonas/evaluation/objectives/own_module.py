"""Load objectives from the user's own modules (``module:function``), and hash their files."""

import hashlib
import inspect
import re
import sys
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from evonas.errors import ObjectiveError

_FORM = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)


@dataclass(frozen=True)
class Source:
    """The source file of a user's objective.

    Attributes:
        folder: folder from which the module is imported.
        file: path of the module's file.
        sha256: SHA-256 of the file.
    """

    folder: str
    file: str
    sha256: str


def is_own(name: str) -> bool:
    """Whether a name has the form ``module:function``."""
    return _FORM.fullmatch(name) is not None


def load_own(name: str) -> Any:
    """Import the module of ``module:function`` and return the object of that name in it.

    The module is searched on Python's path, then in the current folder, which stays on the path
    of this process and of the workers it starts.

    Raises:
        ObjectiveError: the module does not exist, cannot be imported, or lacks the name.
    """
    module_name, attribute = name.split(":")
    also_search(Path.cwd())
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as problem:
        if problem.name is None or not f"{module_name}.".startswith(f"{problem.name}."):
            raise _broken(name, problem) from problem
        raise ObjectiveError(
            f"objective '{name}': no module '{problem.name}' on Python's path, nor in "
            f"{Path.cwd()}; run from the folder that contains it, or add that to PYTHONPATH"
        ) from problem
    except Exception as problem:  # importing the module may raise anything
        raise _broken(name, problem) from problem
    try:
        return getattr(module, attribute)
    except AttributeError:
        raise ObjectiveError(
            f"objective '{name}': module '{module_name}' ({module.__file__}) has no '{attribute}'"
        ) from None


def also_search(folder: Path) -> None:
    """Append a folder to Python's module search path."""
    if str(folder) not in sys.path:
        sys.path.append(str(folder))


def source_of(name: str) -> Source:
    """Load ``module:function`` and describe the file of its module.

    Raises:
        ObjectiveError: it cannot be loaded.
    """
    load_own(name)
    module_name = name.split(":")[0]
    path = inspect.getsourcefile(sys.modules[module_name])
    if path is None:
        return Source("", "", "")
    file = Path(path).resolve()
    depth = module_name.count(".") + (file.stem == "__init__")
    return Source(str(file.parents[depth]), str(file), digest_of(file))


def digest_of(file: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _broken(name: str, problem: Exception) -> ObjectiveError:
    return ObjectiveError(
        f"objective '{name}': its module cannot be imported ({type(problem).__name__}: {problem})"
    )
