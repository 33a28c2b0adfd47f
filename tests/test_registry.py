"""An unknown name is answered with the names that are known."""

import pytest

from evonas.errors import InputError, UnknownNameError
from evonas.registry import look_up, suggestion

TABLE = {"hebbian": 1, "fa": 2, "none": None}


@pytest.mark.parametrize("name", TABLE)
def test_known_name_returns_its_entry_even_if_none(name: str) -> None:
    assert look_up(TABLE, name, kind="rule") is TABLE[name]


def test_unknown_name_reports_nearest_and_all_known_names() -> None:
    with pytest.raises(UnknownNameError) as caught:
        look_up(TABLE, "hebian", kind="rule")
    assert str(caught.value) == (
        "unknown rule 'hebian'; did you mean 'hebbian'? (known: fa, hebbian, none)"
    )
    assert isinstance(caught.value, InputError)


def test_dissimilar_name_gets_no_suggestion() -> None:
    assert suggestion("zebra", TABLE) == ""
    with pytest.raises(
        UnknownNameError, match=r"^unknown rule 'zebra' \(known: fa, hebbian, none\)$"
    ):
        look_up(TABLE, "zebra", kind="rule")


def test_suggestion_ignores_case() -> None:
    assert suggestion("FA", TABLE) == "; did you mean 'fa'?"


def test_lookup_in_empty_table_reports_that_none_is_known() -> None:
    with pytest.raises(UnknownNameError, match=r"^unknown rule 'fa' \(none is known\)$"):
        look_up({}, "fa", kind="rule")
