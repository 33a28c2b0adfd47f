"""Follow a documentation page block by block in a separate folder."""

import io
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

import evonas
from evonas.cli import main
from evonas.evaluation.data.known import all_datasets
from evonas.evaluation.objectives import OBJECTIVES
from evonas.rules import all_rules
from evonas.space import from_data
from tests.pages.blocks import Block, Command
from tests.pages.small import small

RUN = "runs/nas-bench-201-digits-1"
"""The run for which pages write RUN."""
KEY = re.compile(r"\bKEY\b|\b7bbc\b")
"""Placeholders and example keys that pages use for a candidate."""
STAND_INS = {
    "cifar10": "digits",  # nothing is downloaded
    "my-run": RUN.removeprefix("runs/"),
    "/data/imagenet": "imagenet",
}
INSTALL = ("pip", "install", "-e", ".")
GROUPS = ("evonas.datasets", "evonas.objectives", "evonas.rules")
PRINTED = re.compile(r"^print\(.*\)  # (.*)$", re.MULTILINE)
Run = Callable[[int], Path]


@dataclass
class Reader:
    """A reader who follows a page.

    Attributes:
        folder: current folder, with the files that the page assumes.
        run_of: function from a seed to the folder of a finished run, which is copied.
        lends: whether missing runs that the page names are supplied.
        names: Python names that the page assumes, later also those that it defined.
        runs: number of runs supplied so far.
    """

    folder: Path
    run_of: Run
    lends: bool
    names: dict[str, Any]
    runs: int = 0
    last_space: str = field(default="", init=False)

    def write(self, block: Block) -> None:
        """Save a block that is a file; earlier commands may already use it."""
        if block.file is not None:
            (self.folder / block.file).write_text(block.text, encoding="utf-8")

    def follow(self, block: Block) -> None:
        """Run a block.

        Raises:
            AssertionError: the block failed.
        """
        if block.is_left_out:
            return
        match block.kind:
            case "commands":
                for command in block.commands:
                    if block.leaves_out(command):
                        continue
                    if command.words == INSTALL and (self.folder / "pyproject.toml").exists():
                        self._install()
                    elif command.words[0] == "evonas":
                        self._type(command)
            case "python":
                self._run(block)
            case "yaml":
                self._read_space(block)
            case "toml":
                self._load_entries(block)
            case "text":
                assert block.file is not None

    def _install(self) -> None:
        """Build the page's own package, and install it into a folder on the path."""
        target = self.folder / "installed"
        options = ["--no-deps", "--no-index", "--no-build-isolation", "--target", str(target)]
        done = subprocess.run(
            [sys.executable, "-m", "pip", "install", *options, str(self.folder)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        sys.path.insert(0, str(target))
        forget_packages()

    def _type(self, command: Command) -> None:
        self._lend(command.text)
        words = [each for word in command.words[1:] for each in self._meant(word, command.text)]
        out, err = io.StringIO(), io.StringIO()
        code: object = 0
        try:
            with redirect_stdout(out), redirect_stderr(err):
                main(small(words))
        except SystemExit as end:
            code = end.code
        assert code == 0, (
            f"{command.text}\n  as: {small(words)}\n  exit code {code}: {err.getvalue()}"
        )
        if command.into:
            (self.folder / command.into).write_text(out.getvalue(), encoding="utf-8")

    def _meant(self, word: str, text: str) -> list[str]:
        if word == "RUN":
            return [RUN]
        word = _stood_in(word)
        if KEY.search(word):
            word = KEY.sub(self._key(text), word)
        if "*" in word and "/" in word:
            return sorted(str(path.relative_to(self.folder)) for path in self.folder.glob(word))
        return [word]

    def _key(self, text: str) -> str:
        """Key of the first network on the front of the run named in a text."""
        named = re.search(r"\bruns/[\w-]+", _stood_in(text))
        return str(evonas.load_study(self.folder / (named[0] if named else RUN)).front.index[0])

    def _lend(self, text: str) -> None:
        """Supply missing runs that a text names or calls RUN."""
        if not self.lends:
            return
        for name in re.findall(r"\bruns/([\w-]+\*?)", text) + ["RUN"] * ("RUN" in text.split()):
            name = STAND_INS.get(name, name).replace("RUN", RUN.removeprefix("runs/"))
            for each in (name[:-1] + "0", name[:-1] + "1") if name[-1] == "*" else (name,):
                folder = self.folder / "runs" / each
                if not folder.exists():
                    number = int(each[-1]) if name[-1] == "*" else self.runs
                    shutil.copytree(self.run_of(number), folder)
                    self.runs += 1

    def _run(self, block: Block) -> None:
        self._lend(block.text)
        if block.file is not None:
            names: dict[str, Any] = {"__name__": Path(block.file).stem}
        else:
            names = self.names
        if "key" in names and (self.folder / RUN).exists():
            names["key"] = self._key(block.text)
        text = _stood_in(KEY.sub(lambda _: self._key(block.text), block.text))
        code = compile(text, f"block at line {block.line}", "exec")
        out = io.StringIO()
        with redirect_stdout(out):
            exec(code, names)
        missing = [
            text for text in PRINTED.findall(block.text) if text not in out.getvalue().split("\n")
        ]
        assert not missing, f"printed:\n{out.getvalue()}"

    def _read_space(self, block: Block) -> None:
        """Check a block with a whole space, or with parts that replace those of the last space."""
        data = yaml.safe_load(block.text)
        if block.file is not None:
            self.last_space = block.file
        else:
            whole = (self.folder / self.last_space).read_text(encoding="utf-8")
            data = {**yaml.safe_load(whole), **data}
        assert from_data(data, where=f"block at line {block.line}").size > 1

    def _load_entries(self, block: Block) -> None:
        groups = tomllib.loads(block.text)["project"]["entry-points"]
        assert groups.keys() <= set(GROUPS), f"evonas reads only entry points of {GROUPS}"
        for target in (each for entries in groups.values() for each in entries.values()):
            module, _, name = target.partition(":")
            if (self.folder / f"{module}.py").exists():
                names: dict[str, Any] = {"__name__": module}
                exec((self.folder / f"{module}.py").read_text(encoding="utf-8"), names)
                assert name in names, f"{module}.py has no {name}"


def forget_packages() -> None:
    """Look again for installed packages; a process expects them not to change."""
    all_rules.cache_clear()
    all_datasets.cache_clear()
    OBJECTIVES.forget()


def _stood_in(text: str) -> str:
    """The text with names on the page replaced by those that the reader has."""
    for name, meant in STAND_INS.items():
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", meant, text)
    return text
