"""Accepted and rejected values of the setting ``workers``."""

import pytest

from evonas.errors import ConfigError
from evonas.settings.checks import check_settings
from evonas.settings.reading import read_settings
from evonas.settings.workers import Place, Workers, parse_workers


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("4", Place(4, False, None)),
        ("local:12", Place(12, is_cluster=True)),
        ("dask://node-1.cluster:8786", Place(None, True, "tcp://node-1.cluster:8786")),
    ],
)
def test_workers_may_be_number_local_cluster_or_scheduler(text: str, place: Place) -> None:
    assert parse_workers(text) == place


@pytest.mark.parametrize(
    "text", ["0", "-1", "two", "", "1.5", "local", "local:0", "dask://host", "tcp://host:1", "4 "]
)
def test_invalid_workers_are_rejected_with_expected_forms(text: str) -> None:
    with pytest.raises(
        ConfigError, match=r"expected a whole number of at least 1, local:<number>"
    ):
        parse_workers(text)
    with pytest.raises(ConfigError, match="workers: "):
        check_settings(read_settings({"workers": text}))


def test_workers_may_be_given_as_int() -> None:
    assert read_settings({"workers": 3}).machine.workers == "3"


def test_options_about_workers_keep_number_text_and_limit() -> None:
    assert Workers.of(3, 1.5) == Workers("3", 1.5)
    assert Workers.of("local:2") == Workers("local:2", None)
    assert Workers.of() == Workers(None, None)


@pytest.mark.parametrize("seconds", [0, -1.0])
def test_non_positive_timeout_is_rejected(seconds: float) -> None:
    with pytest.raises(ConfigError, match="timeout: expected a number above 0"):
        check_settings(read_settings({"timeout": seconds}))
