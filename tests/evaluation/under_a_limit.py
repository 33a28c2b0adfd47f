"""Evaluate one candidate in this process under a system memory limit.

    python -m tests.evaluation.under_a_limit MIB

The limit is MIB more than the process already has. Prints failure, batch size and accuracy as
JSON, first under the limit, then without it.
"""

import json
import random
import resource
import sys
from pathlib import Path

from evonas.evaluation.evaluate import evaluate
from evonas.evaluation.protocol import Protocol
from evonas.space import load
from evonas.study.shape import shaped_space
from tests.small_run import SMALL_RUN, changed

SETTINGS = changed(SMALL_RUN, channels=32, batch=1024, images=1024, rules=("fa",))


def main(mib: int) -> None:
    """Evaluate the candidate with and without the limit."""
    space = shaped_space(load("nas-bench-201"), SETTINGS)
    genome = space.canonical(space.sample(random.Random(1)))
    small = changed(SETTINGS, batch=16, images=32)
    evaluate(
        space, genome, protocol=Protocol.of(small)
    )  # load everything that is loaded once per process
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[0])
    limit = pages * resource.getpagesize() + mib * 2**20
    found = []
    for soft in (limit, resource.RLIM_INFINITY):
        resource.setrlimit(resource.RLIMIT_AS, (soft, resource.RLIM_INFINITY))
        record, blob = evaluate(space, genome, protocol=Protocol.of(SETTINGS))
        found.append([record.failure, record.batch, record.values.get("acc"), len(blob)])
    print(json.dumps(found))


if __name__ == "__main__":
    main(int(sys.argv[1]))
