"""A run small enough to be repeated many times."""

from evonas.study.config import RunConfig

SMALL_RUN = RunConfig(
    space="nas-bench-201",
    objectives=("acc", "params"),
    rules=("fa", "usf", "brsf"),
    dataset="digits",
    data_dir="nowhere",
    algorithm="nsga2",
    population=4,
    generations=3,
    evaluations=12,
    epochs=1,
    batch=50,
    images=100,
    channels=4,
    cells=1,
    seed=0,
    epsilon="16/255",
    attacked_images=20,
    device="cpu",
)
