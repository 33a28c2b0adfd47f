"""The picture of the README and of start.md: the front of the main job.

evonas run --space nas-bench-201 --objectives acc,robust --seed 2 --out RUN
python -m docs.front_picture RUN      # writes docs/front.png
"""

import argparse
import shutil
from pathlib import Path

from evonas.report.picture import write_picture
from evonas.study.results.reading import read_run

PICTURE = Path(__file__).parent / "front.png"


def main() -> None:
    """Draw the front of a finished run, and copy it here."""
    parser = argparse.ArgumentParser(description="The picture of the front in README and docs.")
    parser.add_argument("run", type=Path, help="the folder of a run")
    folder = parser.parse_args().run
    run = read_run(folder)
    shutil.copy(write_picture(folder, run.candidates, run.settings), PICTURE)


if __name__ == "__main__":
    main()
