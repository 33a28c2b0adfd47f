"""The command that repeats a benchmark, for its section of RESULTS.md."""

import argparse
from collections.abc import Collection


def command(
    name: str,
    parser: argparse.ArgumentParser,
    given: argparse.Namespace,
    *,
    without: Collection[str],
) -> str:
    """The command with all options that have another value than the default.

    Args:
        name: name of the script.
        parser: its options.
        given: their values.
        without: names of values that are places or descriptions, and change no result.
    """
    words = [f"python -m benchmarks.{name}"]
    for option, value in vars(given).items():
        if option not in without and value != parser.get_default(option):
            shown = "DIR" if option == "data_dir" else value
            text = f'"{shown}"' if set(str(shown)) & set(" '()") else shown
            words.append(f"--{option.replace('_', '-')} {text}")
    return " ".join(words)
