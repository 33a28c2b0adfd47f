"""Names that other tools and papers use, so that an unknown name leads to the right one."""

from collections.abc import Iterable

SYNONYMS: dict[str, tuple[str, ...]] = {
    # settings and options
    "accelerator": ("device",),
    "attack-epsilon": ("epsilon",),
    "backend": ("device",),
    "batch-size": ("batch",),
    "budget": ("evaluations",),
    "candidates": ("evaluations",),
    "cpus": ("workers",),
    "cuda": ("device",),
    "data": ("data-dir", "dataset"),
    "data-path": ("data-dir",),
    "data-root": ("data-dir",),
    "depth": ("cells",),
    "engine": ("algorithm",),
    "eps": ("epsilon",),
    "gens": ("generations",),
    "gpu": ("device",),
    "gpus": ("device",),
    "init-channels": ("channels",),
    "input-size": ("image-size",),
    "iterations": ("generations",),
    "jobs": ("workers",),
    "layers": ("cells",),
    "learning-rules": ("rules",),
    "lr": ("learning-rate",),
    "max-evals": ("evaluations",),
    "method": ("algorithm",),
    "metrics": ("objectives",),
    "model": ("network",),
    "n-evals": ("evaluations",),
    "n-gen": ("generations",),
    "n-jobs": ("workers",),
    "ngen": ("generations",),
    "num-epochs": ("epochs",),
    "num-workers": ("workers",),
    "optimizer": ("algorithm",),
    "outdir": ("out",),
    "output": ("out",),
    "output-dir": ("out",),
    "pop": ("population",),
    "pop-size": ("population",),
    "procs": ("workers",),
    "random-seed": ("seed",),
    "resolution": ("image-size",),
    "root": ("data-dir",),
    "samples": ("images",),
    "save-dir": ("out",),
    "search-space": ("space",),
    "strategy": ("algorithm",),
    "train-size": ("images",),
    "trials": ("evaluations",),
    "val-size": ("images",),
    "width": ("channels",),
    # objectives
    "accuracy": ("acc",),
    "adversarial": ("robust",),
    "calibration": ("ece",),
    "inference-time": ("latency",),
    "macs": ("flops",),
    "multiply-adds": ("flops",),
    "num-params": ("params",),
    "parameters": ("params",),
    "plausibility": ("bio",),
    "robustness": ("robust",),
    "size": ("params",),
    "top1": ("acc",),
    "val-acc": ("acc",),
    # rules
    "backprop": ("bp",),
    "backpropagation": ("bp",),
    "direct-feedback-alignment": ("dfa",),
    "feedback-alignment": ("fa",),
    "gradient": ("bp",),
    "hebbian": ("hebb",),
    "kolen-pollack": ("kp",),
    "predictive-coding": ("pc",),
    "random-feedback": ("fa",),
    "sign-symmetry": ("usf",),
    "weight-mirror": ("wm",),
    # engines
    "bayesian": ("evonas",),
    "ea": ("aging", "nsga2"),
    "evolution": ("aging", "nsga2"),
    "nsga": ("nsga2",),
    "nsga-ii": ("nsga2",),
    "nsga-iii": ("nsga3",),
    "random-search": ("random",),
    # spaces and data sets
    "cifar": ("cifar10",),
    "fmnist": ("fashion-mnist",),
    "image-folder": ("folder",),
    "imagefolder": ("folder",),
    "medmnist": ("pathmnist",),
    "nas201": ("nas-bench-201",),
    "nasbench201": ("nas-bench-201",),
}
"""Names in evonas by what a user may write, most likely first."""


def synonym(name: str, known: Iterable[str]) -> str | None:
    """Return the evonas name for what ``name`` means elsewhere, if it is among ``known``.

    Args:
        name: name that the user wrote; dashes and underscores are equivalent.
        known: names that are valid there.
    """
    by_plain_name = {_plain(each): each for each in known}
    for ours in SYNONYMS.get(_plain(name), ()):
        if ours in by_plain_name:
            return by_plain_name[ours]
    return None


def _plain(name: str) -> str:
    return name.lower().lstrip("-").replace("_", "-").replace(" ", "-")
