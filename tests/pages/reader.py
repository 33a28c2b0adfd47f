"""A reader of a page, who does what it says, block by block, in a folder of their own."""

import io
import re
import shutil
import tomllib
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

import evonas
from evonas.cli import main
from evonas.space import from_data
from tests.pages.blocks import Block, Command
from tests.pages.small import small

RUN = "runs/nas-bench-201-digits-1"
"""The run that a page means by RUN."""
KEY = re.compile(r"\bKEY\b|\b7bbc\b|\ba1262aaa\b")
"""What a page calls a candidate of a run."""
STAND_INS = {
    "cifar10": "digits",  # nothing is fetched
    "my-run": RUN.removeprefix("runs/"),
    "/data/imagenet": "imagenet",
}
GROUPS = ("evonas.datasets", "evonas.objectives", "evonas.rules")
PRINTED = re.compile(r"^print\(.*\)  # (.*)$", re.MULTILINE)
Run = Callable[[int], Path]


@dataclass
class Reader:
    """Who follows a page.

    Attributes:
        folder: the current one, with what a page takes for granted to lie there.
        run_of: gives the folder of a finished run with this seed, which is copied.
        lends: whether runs that are named and not there are put there.
        names: what a page's Python takes for granted, and then what it made.
        runs: how many were lent.
    """

    folder: Path
    run_of: Run
    lends: bool
    names: dict[str, Any]
    runs: int = 0
    last_space: str = field(default="", init=False)

    def write(self, block: Block) -> None:
        """Save a block that is a file: commands before it may use it."""
        if block.file is not None:
            (self.folder / block.file).write_text(block.text, encoding="utf-8")

    def follow(self, block: Block) -> None:
        """Do what a block says.

        Raises:
            AssertionError: it did not work.
        """
        if block.is_left_out:
            return
        match block.kind:
            case "commands":
                for command in block.commands:
                    if command.words[0] == "evonas" and not block.leaves_out(command):
                        self._type(command)
            case "python":
                self._run(block)
            case "yaml":
                self._read_space(block)
            case "toml":
                self._load_entries(block)
            case "text":
                assert block.file is not None

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
        """Of the first network on the front of the run that a text speaks of."""
        named = re.search(r"\bruns/[\w-]+", _stood_in(text))
        return str(evonas.load_study(self.folder / (named[0] if named else RUN)).front.index[0])

    def _lend(self, text: str) -> None:
        """Put the runs there that a text names, or means by RUN."""
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
        """A whole space, or what the space last written would have instead."""
        data = yaml.safe_load(block.text)
        if block.file is not None:
            self.last_space = block.file
        else:
            whole = (self.folder / self.last_space).read_text(encoding="utf-8")
            data = {**yaml.safe_load(whole), **data}
        assert from_data(data, where=f"block at line {block.line}").size > 1

    def _load_entries(self, block: Block) -> None:
        ((group, entries),) = tomllib.loads(block.text)["project"]["entry-points"].items()
        assert group in GROUPS, f"evonas reads no entry points of {group}"
        for target in entries.values():
            module, _, name = target.partition(":")
            if (self.folder / f"{module}.py").exists():
                names: dict[str, Any] = {"__name__": module}
                exec((self.folder / f"{module}.py").read_text(encoding="utf-8"), names)
                assert name in names, f"{module}.py has no {name}"


def _stood_in(text: str) -> str:
    """The text with what the reader has in the place of what the page names."""
    for name, meant in STAND_INS.items():
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", meant, text)
    return text
