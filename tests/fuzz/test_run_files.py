"""Fuzzed recipes and models, and journals with odd content but valid hashes."""

import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from safetensors import safe_open
from safetensors.torch import save_file

from evonas.errors import EvonasError
from evonas.evaluation.final import recipe as recipes
from evonas.evaluation.final.recipe import FinalRecipe, load_recipe, recipe_names
from evonas.evaluation.model_file import ENTRY, _seal, load_network
from evonas.study.journal.entry import Draft
from evonas.study.results.reading import read_run
from evonas.study.upkeep.log import read_log
from evonas.study.upkeep.state import summarise_run
from tests.fuzz.inputs import ODD, broken, check_refusal, documents, encodable, fuzzed, seeds
from tests.fuzz.test_spaces_and_genomes import places
from tests.journals import forge_all

RECIPES = [(recipes._SHIPPED / f"{n}.yaml").read_text(encoding="utf-8") for n in recipe_names()]
FIELDS = list(FinalRecipe.__dataclass_fields__)


@fuzzed
@given(seed=seeds)
def test_fuzzed_recipe_is_read_or_rejected(
    seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rng = random.Random(seed)
    path = tmp_path_factory.getbasetemp() / "recipe.yaml"
    path.write_text(encodable(broken(rng.choice(RECIPES), rng=rng, others=FIELDS)))
    try:
        found = load_recipe(path)
    except EvonasError as problem:
        check_refusal(problem)
        return
    assert found.epochs >= 1
    assert found.batch >= 2


@fuzzed
@given(seed=seeds, part=documents)
def test_fuzzed_model_is_loaded_or_rejected(seed: int, part: Any, finished: Path) -> None:
    rng = random.Random(seed)
    model = rng.choice(sorted((finished / "models").glob("*.safetensors")))
    path = finished.parent / "model.safetensors"
    if rng.random() < 0.4:  # any bytes
        data = bytearray(model.read_bytes())
        for _ in range(rng.randrange(1, 5)):
            data[rng.randrange(min(len(data), rng.choice((16, 4000, len(data)))))] ^= (
                1 + rng.randrange(255)
            )
        path.write_bytes(data[: rng.choice((len(data), len(data), rng.randrange(len(data))))])
    else:  # a changed description with a valid hash
        with safe_open(model, framework="pt") as file:
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            document = json.loads(file.metadata()[ENTRY])
        holder, key = rng.choice(list(places(document)))
        holder[key] = rng.choice(
            (json.loads(json.dumps(part, default=str)), rng.choice(ODD[:50]), -1, 0, 2.5)
        )
        if rng.random() < 0.3:
            weights.pop(rng.choice(sorted(weights)))
        document["sha256"] = _seal(weights, document)
        save_file(weights, path, {ENTRY: json.dumps(document, default=str)})
    try:
        load_network(path)
    except EvonasError as problem:
        check_refusal(problem)


@fuzzed
@given(seed=seeds, part=documents)
def test_journal_with_odd_content_is_read_or_rejected(
    seed: int, part: Any, finished: Path
) -> None:
    rng = random.Random(seed)
    folder = finished.parent / "forged"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(finished, folder)

    def change(drafts: list[Draft]) -> list[Draft]:
        number = rng.choice([n for n, each in enumerate(drafts) if n and each.body != "{}"])
        draft = drafts[number]
        body: Any = json.loads(draft.body)
        holder, key = rng.choice(list(places(body)))
        odd = json.loads(json.dumps(part, default=str))
        holder[key] = rng.choice((odd, rng.choice(ODD[:50]), -1, 10**30, None, 2.5))
        if rng.random() < 0.2:
            del holder[key]
        drafts[number] = Draft(draft.kind, draft.name, json.dumps(body))
        return drafts

    forge_all(folder, change)
    for read in (read_log, read_run, summarise_run):
        try:
            read(folder)
        except EvonasError as problem:
            check_refusal(problem)
