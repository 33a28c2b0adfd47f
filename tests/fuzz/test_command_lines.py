"""Fuzzed command lines end with a documented exit code and without a traceback."""

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import evonas.cli.measuring.benching as benching
import evonas.cli.run_command as run_command
from evonas.cli import main
from evonas.settings import SETTINGS
from evonas.settings.description import options_of
from evonas.space import source_text
from tests.fuzz.inputs import ODD, begins, broken, fuzzed, seeds, sit_at

COMMANDS = (
    "run", "run", "run", "run", "resume", "confirm", "train", "log", "front", "show", "attack",
    "ablate",
    "analyse", "status", "ls", "verify", "repair", "backup", "spaces", "rules", "objectives",
    "algorithms", "datasets", "bench", "bench", "compare",
)  # fmt: skip
OPTIONS = sorted({name for known in SETTINGS.values() for name in options_of(known)})
OTHER_OPTIONS = (
    "--config", "--print-config", "--out", "--warm-start", "--quiet", "-q", "--table",
    "--maximize", "--minimize", "--report", "--seeds", "--first-seed", "--checkpoints",
    "--at-once", "--noise", "--json", "--reference", "--replicates", "--retry-failed",
    "--accept-data", "--networks", "--rule", "--help", "--version", "--nothing", "--",
)  # fmt: skip
BENCH_OPTIONS = (
    "--table", "--space", "--maximize", "--minimize", "--report", "--algorithm", "--seeds",
    "--first-seed", "--checkpoints", "--population", "--at-once", "--noise", "--replicates",
    "--workers", "--json",
)  # fmt: skip
OPTIONS_OF = {"run": (*OPTIONS, *OTHER_OPTIONS), "bench": BENCH_OPTIONS}
VALUES = (
    "tiny", "darts", "nas-bench-201", "space.yaml", "table.csv", "config.yaml", "bench.json",
    "nowhere", ".", "digits", "cifar10", "fa", "bp", "fa,usf", "acc", "acc,params", "acc>=0.9",
    "params<=8k", "acc>=90", "nsga2", "random", "evonas", "eg", "16/255", "8/255", "pgd-3",
    "fgsm", "auto", "cpu", "cuda", "cuda:9", "local:2", "dask://nowhere:1", "list", "show",
    "check", "true", "resnet20", "1,2,5",
)  # fmt: skip
EXIT_CODES = {0, 2, 3}
"""Success; invalid input; damaged files of evonas, or a system error."""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a space and a table in it, and no run."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "space.yaml").write_text(source_text("tiny"))
    arch = "|nor_conv_1x1~0|+|none~0|none~1|+|none~0|none~1|none~2|"
    (folder / "table.csv").write_text(f"arch,acc,params\n{arch},0.5,10\n")
    (folder / "config.yaml").write_text("space: tiny\nobjectives: [acc, params]\nepochs: 2\n")
    (folder / "bench.json").write_text(
        '[{"algorithm": "random", "seed": 0, "evaluations": 10, "value": 0.5}]'
    )
    return folder


@pytest.fixture(autouse=True)
def _nothing_is_started(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A search or a bench exits where it would begin."""
    sit_at(desk, monkeypatch)
    for module, name in ((run_command, "_search"), (benching, "_gathered")):
        monkeypatch.setattr(module, name, begins)


def line(rng: random.Random) -> list[str]:
    command = rng.choice(COMMANDS)
    words = [command] if rng.random() < 0.95 else []
    if command == "bench" and rng.random() < 0.8:
        words += ["--table", "table.csv", "--space", "nas-bench-201", "--maximize", "acc"]
    options = OPTIONS_OF.get(command, OTHER_OPTIONS) if rng.random() < 0.9 else OPTIONS
    for _ in range(rng.randrange(5)):
        if rng.random() < 0.8:
            words.append(rng.choice(options))
        value = rng.choice(VALUES if rng.random() < 0.6 else ODD)
        words.append(broken(value, rng=rng) if rng.random() < 0.1 else value)
    if command == "run":
        words += ["--print-config"] if rng.random() < 0.7 else []
    # the operating system cannot pass such characters
    return [word.replace("\x00", "") for word in words]


@fuzzed
@given(seed=seeds, extra=st.lists(st.text(max_size=6), max_size=1))
def test_command_line_ends_with_documented_exit_code(
    seed: int, extra: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    arguments = line(random.Random(seed))
    if seed % 10 == 0:
        arguments += [word.replace("\x00", "") for word in extra]
    with pytest.raises(SystemExit) as left:
        main(arguments)
    printed = capfd.readouterr()
    assert left.value.code in EXIT_CODES, (arguments, printed.err)
    assert "Traceback" not in printed.err, arguments
    if left.value.code:
        assert printed.err.startswith("evonas: "), arguments
        assert printed.err.strip() != "evonas:", arguments
