"""Find the test files most related to a module, by imports, folders and names."""

import ast
from collections.abc import Iterator
from pathlib import Path

FAR = 99  # distance in imports of a test file that does not reach the module
NOT_RUN = (
    "test_docs",
    "test_packaging",
    "test_registry",
    "test_notebook",
    "test_killed",
    "test_command_lines",
)
"""Tests that detect only outdated pages, and tests that take minutes."""


class RelatedTests:
    """Import graph of a tree, read once.

    Args:
        tree: folder that contains ``evonas``, ``rules`` and ``tests``.
    """

    def __init__(self, tree: Path) -> None:
        self._modules = {_name(path, tree): path for path in sources(tree)}
        self._imports = {name: set(self._known(path)) for name, path in self._modules.items()}
        self._tests = {
            path.relative_to(tree).as_posix(): self._of_test(path, tree)
            for path in sorted(tree.glob("tests/**/test_*.py"))
            if path.stem not in NOT_RUN
        }

    def of(self, path: Path, *, tree: Path, count: int) -> list[str]:
        """The most related test files, nearest first.

        Args:
            path: path of the module.
            tree: tree of the module.
            count: maximum number of files.
        """
        name = _name(path, tree)
        distances = self._distances(name)
        words = set(name.split(".")[-1].split("_"))

        def key(test: str) -> tuple[float, int, str]:
            imports = self._tests[test]
            near = min((distances.get(each, FAR) for each in imports), default=FAR) + 1
            parts = Path(test).with_suffix("").parts[1:]
            own = tuple(name.split(".")[1:])
            # a common folder counts as one import, a common word of the name as one and a half
            same = len(set(parts[:-1]) & set(own[:-1])) + (parts[-2:-1] == own[-2:-1])
            alike = sum(any(_is_alike(w, o) for o in parts[-1].split("_")[1:]) for w in words)
            return near - same - 1.5 * alike, len(imports), test

        reachable = [t for t in self._tests if any(i in distances for i in self._tests[t])]
        return sorted(reachable, key=key)[:count]

    def _of_test(self, path: Path, tree: Path) -> set[str]:
        """Modules that a test file imports, also through conftest.py files and test helpers."""
        files = [path, *(folder / "conftest.py" for folder in path.parents)]
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tests."):
                files.append(tree / f"{str(node.module).replace('.', '/')}.py")
        return {name for file in files if file.exists() for name in self._known(file)}

    def _distances(self, name: str) -> dict[str, int]:
        """Number of imports on the shortest path from each module to this one."""
        found = {name: 0}
        wave = {name}
        while wave:
            step = max(found.values()) + 1
            wave = {
                other
                for other, imports in self._imports.items()
                if other not in found and imports & wave
            }
            found |= dict.fromkeys(wave, step)
        return found

    def _known(self, path: Path) -> Iterator[str]:
        """The modules of the tree that a file imports, at the top or inside functions."""
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
                names.append(node.module)
            else:
                continue
            yield from (name for name in names if name in self._modules)


def _is_alike(one: str, other: str) -> bool:
    """Whether two words are equal or share a stem, such as ``bench`` and ``benching``."""
    return one == other or (min(len(one), len(other)) > 3 and one[:5] == other[:5])


def sources(tree: Path) -> list[Path]:
    """All modules of the tree, with links resolved."""
    found = [*tree.glob("evonas/**/*.py"), *tree.glob("rules/**/*.py")]
    real = {path.resolve().relative_to(tree.resolve()) for path in found}
    return [tree / path for path in sorted(real)]


def _name(path: Path, tree: Path) -> str:
    """Name of a module: ``evonas.rules.base`` for ``rules/base.py``."""
    parts = path.relative_to(tree).with_suffix("").parts
    parts = parts[:-1] if parts[-1] == "__init__" else parts
    return ".".join(parts if parts[0] == "evonas" else ("evonas", *parts))
