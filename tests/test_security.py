"""Nothing that could run a stranger's code is called: the syntax tree of every module is read."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BANNED = (
    "eval", "exec", "pickle.load", "pickle.loads", "joblib.load", "marshal.load", "marshal.loads",
    "shelve.open", "torch.export.load", "torch.jit.load", "yaml.load", "yaml.full_load",
    "yaml.unsafe_load", "yaml.load_all", "os.system", "cloudpickle.loads", "dill.loads",
)  # fmt: skip
BASES = ("pickle.Unpickler",)
SAYS_NO_SAFETY = {"weights_only": False, "allow_pickle": True, "shell": True}
ALLOWED = {
    # strict YAML: no tags, no repeated keys, no aliases that explode
    ("evonas/strict_yaml.py", "yaml.load"),
    # official files only, checked by md5; the unpickler allows only numbers and arrays
    ("evonas/evaluation/data/sources/imagenet16.py", "pickle.Unpickler"),
    # only what it has pickled itself, one line before
    ("evonas/study/executors/messages.py", "pickle.loads"),
}


def dangers(source: str) -> set[str]:
    """The banned names that a module calls, inherits from, or passes."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef):
            found |= {ast.unparse(base) for base in node.bases} & set(BASES)
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        said = {each.arg: each.value for each in node.keywords}
        found |= {name} & set(BANNED)
        for word, value in SAYS_NO_SAFETY.items():
            if isinstance(given := said.get(word), ast.Constant) and given.value is value:
                found.add(f"{word}={value}")
        if "pickle_module" in said:
            found.add("pickle_module")
        if name == "torch.load" and "weights_only" not in said:
            found.add("torch.load without weights_only=True")
    return found


def aliased(source: str) -> set[str]:
    """Banned functions that a module imports by name, past :func:`dangers`."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{each.name}" for each in node.names} & {*BANNED, *BASES}
    return found


def test_only_allowed_modules_call_unsafe_loaders() -> None:
    """Files that a stranger made are read as safetensors, JSON or strict YAML; see SECURITY.md."""
    found, count = set(), 0
    for folder in ("evonas", "rules", "search_spaces", "benchmarks", "docs"):
        for path in (ROOT / folder).rglob("*.py"):
            name = str(path.relative_to(ROOT))
            if name.startswith(("evonas/rules/", "evonas/search_spaces/")):
                continue  # links; the folders themselves are read
            source = path.read_text(encoding="utf-8")
            found |= {(name, danger) for danger in dangers(source) | aliased(source)}
            count += 1
    assert count > 400
    assert found == ALLOWED


@pytest.mark.parametrize(
    ("source", "danger"),
    [
        ("eval(text)", "eval"),
        ("import pickle\npickle.load(file)", "pickle.load"),
        ("yaml.load(text, Loader=yaml.Loader)", "yaml.load"),
        ("torch.load(path)", "torch.load without weights_only=True"),
        ("torch.load(path, weights_only=False)", "weights_only=False"),
        ("torch.load(path, weights_only=True, pickle_module=dill)", "pickle_module"),
        ("np.load(path, allow_pickle=True)", "allow_pickle=True"),
        ("subprocess.run(text, shell=True)", "shell=True"),
        ("class Mine(pickle.Unpickler): ...", "pickle.Unpickler"),
    ],
)
def test_scanner_finds_each_dangerous_call(source: str, danger: str) -> None:
    assert dangers(source) == {danger}


def test_scanner_finds_imported_names_and_ignores_safe_calls() -> None:
    assert aliased("from pickle import loads") == {"pickle.loads"}
    safe = (
        "network.eval()\nnp.load(path)\ntorch.load(path, weights_only=True)\nyaml.safe_load(text)"
    )
    assert dangers(safe) == aliased(safe) == set()
