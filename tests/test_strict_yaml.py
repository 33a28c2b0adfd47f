"""YAML is read strictly: where PyYAML would guess, the value is rejected or read as meant."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from evonas.errors import ConfigError, SpaceError
from evonas.strict_yaml import MAX_FILE_BYTES, dump_yaml, parse_yaml, read_yaml

READ = "import sys; from pathlib import Path; from evonas.strict_yaml import read_yaml"


@pytest.mark.parametrize("text", ["1e-3", "1E3", "-2e+1", "1.5e3", "7e0"])
def test_exponent_number_is_float_unless_quoted(text: str) -> None:
    found = parse_yaml(f"[{text}, '{text}', \"{text}\"]", where="text")
    assert found == [float(text), text, text]
    assert parse_yaml(dump_yaml(found), where="text") == found


@pytest.mark.parametrize("text", ["e3", "1e", "0x1e3", "1e3a", "v1e3", "ab12:30c"])
def test_text_resembling_exponent_number_is_read_as_by_pyyaml(text: str) -> None:
    assert parse_yaml(text, where="text") == yaml.safe_load(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1, 2", r"^file:1: not valid YAML: "),
        ("a: 1\nb: 2\na: 3\n", r"^file:3: not valid YAML: key 'a' is given twice$"),
        ("a: {b: 1, b: 2}", r"^file:1: not valid YAML: key 'b' is given twice$"),
        ("a: &x [1]\nb: *x\n", r"^file:2: not valid YAML: aliases \(\*name\) are not allowed$"),
        (
            "a: !!python/object/apply:os.getcwd []",
            r"^file:1: .*: tags such as !!python/object/app",
        ),
        ("a: !!bool x", r"^file:1: not valid YAML: tags such as !!bool are not allowed$"),
        ("a:\n- !!timestamp x", r"^file:2: not valid YAML: tags such as !!timestamp are not"),
        ("a: !x 1", r"^file:1: not valid YAML: tags such as !x are not allowed$"),
        ("a: 1\nb: 12:30\n", r"^file:2: .* the number 750; quote it: '12:30'$"),
        ("12:30: 1", r"^file:1: .* the number 750; quote it: '12:30'$"),
        ("a: 1:30.5", r"^file:1: .* the number 90\.5; quote it: '1:30\.5'$"),
        ("a: 2026-13-45", r"^file: not valid YAML: month must be in 1\.\.12"),
        ("a: 1\n---\nb: 2\n", r"^file:2: not valid YAML: "),
        ("a: " + "[" * 20_000, r"^file(:1)?: not valid YAML: "),
        ("a: \x00", r"^file(:1)?: not valid YAML: "),
        ("? [1]\n: 2\n", r"^file:1: not valid YAML: "),
        ("a: !!map [1]\n", r"^file:1: not valid YAML: tags such as !!map are not"),
        ("a:\n\tb: 1\n", r"^file:2: not valid YAML: found character"),
    ],
)
def test_invalid_yaml_is_rejected_with_line_number(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_yaml(text, where="file", error=ConfigError)


def test_unreadable_yaml_file_is_rejected_by_name(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("a: é\n", encoding="utf-8")
    assert read_yaml(path) == {"a": "é"}
    path.write_bytes(b"a: \xff\n")
    with pytest.raises(SpaceError, match=r"a\.yaml: expected UTF-8 text"):
        read_yaml(path)
    path.write_bytes(b"#" * (MAX_FILE_BYTES + 1))
    with pytest.raises(SpaceError, match=rf"expected at most {MAX_FILE_BYTES} bytes, got 1048577"):
        read_yaml(path)
    with pytest.raises(SpaceError, match=r"cannot be read: Is a directory"):
        read_yaml(tmp_path)


def test_yaml_file_is_utf_8_in_every_locale(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("a: é\n", encoding="utf-8")
    code = f"{READ}; print(ascii(read_yaml(Path(sys.argv[1]))))"
    ascii_locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    ended = subprocess.run(
        [sys.executable, "-c", code, str(path)], env=os.environ | ascii_locale, check=True,
        capture_output=True,
    )  # fmt: skip
    assert ended.stdout == b"{'a': '\\xe9'}\n"
