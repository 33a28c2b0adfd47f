"""Names that other tools use; the oracle is what the user meant, and the tables of our names."""

import pytest

from evonas.cli import main
from evonas.errors import UnknownNameError
from evonas.evaluation.data.known import all_datasets
from evonas.evaluation.objectives import OBJECTIVES
from evonas.registry import look_up, suggestion
from evonas.rules import all_rules
from evonas.search.engines import SEARCHES
from evonas.search.guided_engines import GUIDED_SEARCHES
from evonas.settings import SETTINGS
from evonas.settings.description import option_of
from evonas.space import shipped
from evonas.synonyms import SYNONYMS, synonym

OTHER_OPTIONS = ("--out", "--quiet", "--network", "--learning-rate")  # of commands, not settings


def test_synonyms_suggest_only_existing_names_and_shadow_none() -> None:
    options = [option_of(setting) for setting in SETTINGS.values()] + list(OTHER_OPTIONS)
    ours = {
        *(option.removeprefix("--") for option in options), *OBJECTIVES, *all_rules(), *SEARCHES,
        *GUIDED_SEARCHES, *shipped(), *all_datasets(),
    }  # fmt: skip
    told = {name for names in SYNONYMS.values() for name in names}
    assert told - ours == set()
    assert SYNONYMS.keys() & ours == set()


@pytest.mark.parametrize("name", ["accuracy", "Accuracy", "ACCURACY"])
def test_full_name_of_objective_suggests_its_short_name(name: str) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'acc'"):
        look_up(OBJECTIVES, name, kind="objective")


def test_synonyms_are_suggested_only_where_they_are_valid() -> None:
    assert synonym("batch_size", ["--batch", "--out"]) == "--batch"
    assert synonym("--batch-size", ["--out"]) is None
    assert synonym("data", ["--dataset"]) == "--dataset"
    assert synonym("data", ["--dataset", "--data-dir"]) == "--data-dir"


def test_suggestion_prefers_meaning_over_spelling() -> None:
    assert suggestion("candidates", ["channels", "evaluations"]) == "; did you mean 'evaluations'?"
    assert suggestion("candidates", ["candidate"]) == "; did you mean 'candidate'?"
    assert suggestion("xyzzy", ["channels", "evaluations"]) == ""


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("run --candidates 40", "--evaluations"),
        ("run --candidates=40", "--evaluations"),
        ("run --n_jobs 2", "--workers"),
        ("train --lr 0.1", "--learning-rate"),
        ("run --populaton 4", "--population"),
        ("search", '"run"'),
        ("fit", '"train"'),
    ],
)
def test_wrong_option_or_command_suggests_the_right_one(
    line: str, meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(line.split())
    assert left.value.code == 2
    assert f"Did you mean {meant}?" in capsys.readouterr().err
