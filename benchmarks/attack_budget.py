"""How well the cheap attack of the search ranks networks compared with strong attacks; its cost.

    python -m benchmarks.attack_budget runs/attack-budget --candidates 48

Random genomes of NAS-Bench-201 (operations and rules, ``bp`` among them) are trained on digits as
a search would train them. Each is scored by cheap attacks and by the worst case per image of
strong ones, on the same validation images with the true gradient. Kendall's tau measures the
agreement of the rankings, with a bootstrap over candidates. The cost of L0, the attack of the
objective ``robust``, is its share of the seconds that a candidate takes, with one thread in the
same process. Results in the folder are reused.
"""

import argparse
import json
import random
import statistics
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import torch
from scipy.stats import kendalltau

import evonas
from benchmarks.support.resampling import central_90
from benchmarks.support.sections import write_section
from evonas.evaluation.attacks.attackers import Apgd, Fgsm, Square
from evonas.evaluation.attacks.robustness import robust_accuracy, robust_subset
from evonas.evaluation.attacks.suite import NamedAttack, run_attack, worst_case
from evonas.evaluation.data.images import Images
from evonas.evaluation.data.loading import load_search_data
from evonas.seeds import derive_seed
from evonas.space import load

RULES = ("bp", "fa", "usf", "frsf", "brsf", "kp", "dfa")
CHANNELS, CELLS = 8, 1  # size of the networks that a search on digits trains
EPSILON = Fraction(16, 255)
IMAGE_SEED = 0
CHEAP = {
    "FGSM": NamedAttack("fgsm", Fgsm(loss="ce_scaled")),
    "APGD-5": NamedAttack("apgd-5", Apgd(num_steps=5, loss="ce_scaled")),
    "APGD-20": NamedAttack("apgd-20", Apgd(num_steps=20, loss="ce_scaled")),
    "Square-100": NamedAttack("square-100", Square(num_queries=100)),
}
STRONG = (
    NamedAttack("apgd-ce-60", Apgd(num_steps=60, loss="ce_scaled")),
    NamedAttack("apgd-dlr-60", Apgd(num_steps=60, loss="dlr")),
    NamedAttack("square-1000", Square(num_queries=1000)),
)
L0, CLEAN, WORST = "L0: APGD-10", "clean accuracy", "worst"
RESAMPLES = 2000


def scores(genome: str, images: Images) -> dict[str, float] | None:
    """All scores of one candidate, and seconds; None if its training failed."""
    start = time.perf_counter()
    trained = evonas.evaluate(
        "nas-bench-201", genome, rules=RULES, objectives=("acc",), dataset="digits", device="cpu",
        channels=CHANNELS, cells=CELLS,
    )  # fmt: skip
    training = time.perf_counter() - start
    if trained.network is None:
        return None
    start = time.perf_counter()
    loop = robust_accuracy(trained.network, images, epsilon=EPSILON, noise_seed=IMAGE_SEED)
    attack = time.perf_counter() - start
    found = {CLEAN: loop.clean, L0: loop.value, "training_s": training, "attack_s": attack}
    for name, each in CHEAP.items():
        result = run_attack(trained.network, images, each, epsilon=EPSILON, seed=IMAGE_SEED)
        found[name] = float((result.robust & result.correct).float().mean())
    results = [
        run_attack(trained.network, images, each, epsilon=EPSILON, seed=IMAGE_SEED)
        for each in STRONG
    ]
    found[WORST] = float(worst_case(results).float().mean())
    return found


def tau(name: str, rows: list[dict[str, float]]) -> str:
    """Kendall's tau with the 90 % interval of a bootstrap over candidates."""
    cheap, worst = (np.array([row[column] for row in rows]) for column in (name, WORST))
    low, high = central_90(
        lambda some: kendalltau(cheap[some], worst[some]).statistic,
        count=len(rows), num_resamples=RESAMPLES,
    )  # fmt: skip
    too_high = statistics.mean(cheap - worst)
    value = kendalltau(cheap, worst).statistic
    return f"| {name} | {value:.2f} [{low:.2f}, {high:.2f}] | {too_high:+.3f} |"


def main() -> None:
    """Measure the missing candidates, and write the section of RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--candidates", type=int, default=48)
    given = parser.parse_args()
    torch.set_num_threads(1)
    given.folder.mkdir(parents=True, exist_ok=True)
    space = load("nas-bench-201").resized(channels=CHANNELS, cells=CELLS).with_rules(RULES)
    validation = load_search_data("digits", seed=IMAGE_SEED).validation
    images = robust_subset(validation, seed=derive_seed(IMAGE_SEED, "attack"))
    rows = []
    for number in range(given.candidates):
        path = given.folder / f"{number:03}.json"
        if not path.exists():
            genome = space.format(space.sample(random.Random(number)))
            path.write_text(json.dumps(scores(genome, images)))
        row = json.loads(path.read_text())
        if row is not None:
            rows.append(row)
        print(f"{number + 1} of {given.candidates}", flush=True)
    worst = [row[WORST] for row in rows]
    share = sum(r["attack_s"] for r in rows) / sum(r["attack_s"] + r["training_s"] for r in rows)
    lines = [
        "## The attack of the search compared with strong attacks\n",
        f"`python -m benchmarks.attack_budget FOLDER --candidates {given.candidates}`, torch",
        f"{torch.__version__}, one thread: {len(rows)} random genomes of NAS-Bench-201 with their",
        f"rules, trained on digits once each; {len(images)} images, radius {EPSILON}. The worst",
        f"case of strong attacks leaves {min(worst):.3f} to {max(worst):.3f} of them correct. L0",
        f"takes {share:.1%} of a candidate's time for training, measuring and attacking.",
        "",
        "| score | Kendall's tau with the worst case [90 %] | score minus worst case, mean |",
        "|---|---|---|",
        *(tau(name, rows) for name in (CLEAN, *list(CHEAP)[:2], L0, *list(CHEAP)[2:])),
    ]
    print("\n".join(lines))
    write_section("attack_budget", "\n".join(lines))


if __name__ == "__main__":
    main()
