"""The tree of settings is defined once; help, file, API and reference page agree."""

import os
import subprocess
import sys
from dataclasses import fields
from fractions import Fraction

import pytest
import yaml

from evonas.cli import main
from evonas.errors import ConfigError
from evonas.evaluation.attacks.epsilon import parse_epsilon
from evonas.settings import SETTINGS, Unset
from evonas.settings.checks import check_settings
from evonas.settings.description import default_text, option_of, options_of, reference_page
from evonas.settings.reading import flat, read_settings
from evonas.settings.tree import GROUPS
from evonas.study.config import config_text


def test_setting_names_are_unique_and_complete() -> None:
    names = [each.name for kind in GROUPS.values() for each in fields(kind)]
    assert names == list(SETTINGS)
    assert len(set(names)) == len(names)
    assert not set(names) & set(GROUPS) - {"search"}
    assert len({option_of(each) for each in SETTINGS.values()}) == len(names)


def test_every_setting_appears_in_help_and_reference_page(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "1000")
    with pytest.raises(SystemExit):
        main(["run", "--help"])
    printed, page = capsys.readouterr().out, reference_page()
    for name, known in SETTINGS.items():
        assert all(f"{option} " in printed for option in options_of(known))
        assert known.help in printed
        assert f"[default: {default_text(known)}]" in printed
        options = ", ".join(f"`{option}`" for option in options_of(known))
        assert f"| `{name}` | {options} |" in page
        assert known.help in page


def test_settings_round_trip_through_grouped_config() -> None:
    settings = read_settings({name: _some(name) for name in SETTINGS})
    text = config_text(settings, versions={"python": "3"})
    document = yaml.safe_load(text)
    assert list(document) == [*GROUPS, "data", "versions"]
    for other in ("data", "versions"):
        document.pop(other)
    again = read_settings(flat(document, where="it"))
    assert settings.differences(again) == []
    alone = flat(document, where="it")
    assert read_settings(flat(alone, where="it")) == again
    aside = {name for name, known in SETTINGS.items() if not known.decides_result}
    assert set(alone) == set(SETTINGS) - aside


def _some(name: str) -> object:
    """A value that is not the default."""
    known = SETTINGS[name]
    if known.item_type is not None:
        return [1, 2] if known.item_type is int else ["a", "b"]
    return {int: 7, float: 0.5, str: "other", bool: True}[known.plain_type]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("fa, usf ,", ("fa", "usf")),
        (["fa", "usf,kp"], ("fa", "usf", "kp")),
        (("fa",), ("fa",)),
        ("", ()),
    ],
)
def test_names_may_be_given_as_list_or_text(value: object, expected: tuple[str, ...]) -> None:
    assert read_settings({"rules": value}).problem.rules == expected


@pytest.mark.parametrize("given", ["1e-3", 1e-3])
def test_epsilon_may_be_given_as_number(given: object) -> None:
    assert parse_epsilon(read_settings({"epsilon": given}).attack.epsilon) == Fraction(1, 1000)


def test_yaml_boolean_in_place_of_name_suggests_quoting() -> None:
    for name, value in (("rules", [False]), ("space", True)):
        with pytest.raises(ConfigError, match="to keep the word, quote it"):
            read_settings({name: value})


def test_replicates_may_be_given_as_whole_number() -> None:
    for value in (3, "3", yaml.safe_load("3")):
        assert read_settings({"replicates": value}).search.replicates == "3"
    for wrong in (True, 1.5, [3]):
        with pytest.raises(ConfigError, match="replicates: expected"):
            read_settings({"replicates": wrong})


def test_none_means_unset_unless_it_is_a_valid_value() -> None:
    given = read_settings({"epochs": None, "images": None})
    assert isinstance(given.training.epochs, Unset)
    assert given.training.images is None
    assert "epochs" in given.left_open
    assert "images" not in given.left_open


def test_all_mistakes_are_reported_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        read_settings({"sed": 1, "epochs": 1.5, "fidelity": "1,x"}, where="mine.yaml")
    text = str(caught.value)
    assert text.startswith("mine.yaml: ")
    assert "unknown setting 'sed'; did you mean 'seed'" in text
    assert "epochs: expected a whole number, got 1.5" in text
    assert "fidelity: expected numbers of epochs, such as 1,3,9, got 'x'" in text
    with pytest.raises(ConfigError) as caught:
        check_settings(read_settings({"seed": -1, "eta": 1, "mode": "stedy"}))
    text = str(caught.value)
    assert "seed: expected a whole number of at least 0, got -1" in text
    assert "eta: expected a whole number of at least 2, got 1" in text
    assert "expected one of generational, steady, got 'stedy'; did you mean 'steady'" in text


@pytest.mark.parametrize(
    ("rungs", "told"),
    [
        ((1, 3, 9), []),
        ((), []),
        ((1, 3, 8), ["expected to end in the 9 epochs of full training, got 8"]),
        (
            (3, 3, 9),
            ["expected at least two increasing numbers of epochs, such as 1,3,9, got 3,3,9"],
        ),
        ((0, 9), ["expected at least two increasing numbers of epochs, such as 1,3,9, got 0,9"]),
        ((9,), ["expected at least two increasing numbers of epochs, such as 1,3,9, got 9"]),
        (
            (5,),
            [
                "expected at least two increasing numbers of epochs, such as 1,3,9, got 5",
                "expected to end in the 9 epochs of full training, got 5",
            ],
        ),
    ],
)
def test_rungs_increase_up_to_the_full_epochs(rungs: tuple[int, ...], told: list[str]) -> None:
    settings = read_settings({"fidelity": rungs, "epochs": 9})
    if told:
        with pytest.raises(ConfigError) as caught:
            check_settings(settings)
        assert str(caught.value).count("fidelity: ") == len(told)
        assert all(f"fidelity: {each}" in str(caught.value) for each in told)
    else:
        check_settings(settings)
    check_settings(read_settings({"fidelity": (1, 3, 8), "epochs": None}))  # not known yet


def test_settings_are_described_without_torch() -> None:
    script = "import sys, evonas.settings.description; print('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert done.stdout.strip() == "False"
