"""Evolutionary search for architectures and the biologically plausible rules that train them.

    import evonas

    study = evonas.search("nas-bench-201", objectives=["acc", "robust"], generations=4)
    study.front                                   # a pandas DataFrame
    network = study.load(study.front.index[0])    # a trained torch.nn.Module

Heavy modules are imported on first use, so that ``import evonas`` and ``evonas --help`` start
quickly.
"""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

import evonas.report as _report
import evonas.search as _search
from evonas.version import evonas_version

if TYPE_CHECKING:
    from evonas.api.ablating import Ablation as Ablation
    from evonas.api.ablating import ablate as ablate
    from evonas.api.analyses.result import Analysis as Analysis
    from evonas.api.analysing import analyse as analyse
    from evonas.api.attacking import AttackReport as AttackReport
    from evonas.api.attacking import attack as attack
    from evonas.api.catalogue import available as available
    from evonas.api.evaluating import Trained as Trained
    from evonas.api.evaluating import evaluate as evaluate
    from evonas.api.export.exporting import export as export
    from evonas.api.export.predicting import Prediction as Prediction
    from evonas.api.export.predicting import predict as predict
    from evonas.api.final.report import FinalReport as FinalReport
    from evonas.api.final.reproducing import Reproduction as Reproduction
    from evonas.api.final.reproducing import reproduce as reproduce
    from evonas.api.final.training import train as train
    from evonas.api.reporting.mirroring import mirror as mirror
    from evonas.api.reporting.page import report as report
    from evonas.api.reporting.paper import plot as plot
    from evonas.api.reporting.paper import table as table
    from evonas.api.searching import new_study as new_study
    from evonas.api.searching import search as search
    from evonas.api.study import Study as Study
    from evonas.api.study import load_study as load_study
    from evonas.evaluation.model_file import load_network as load_network
    from evonas.evaluation.objectives import MeasuredValue as MeasuredValue
    from evonas.evaluation.objectives import Objective as Objective
    from evonas.evaluation.objectives import Subject as Subject
    from evonas.evaluation.objectives import objective as objective
    from evonas.settings import Settings as Settings

    __version__: str

__all__ = [
    "Ablation",
    "Analysis",
    "AttackReport",
    "FinalReport",
    "MeasuredValue",
    "Objective",
    "Prediction",
    "Reproduction",
    "Settings",
    "Study",
    "Subject",
    "Trained",
    "__version__",
    "ablate",
    "analyse",
    "attack",
    "available",
    "evaluate",
    "export",
    "load_network",
    "load_study",
    "mirror",
    "new_study",
    "objective",
    "plot",
    "predict",
    "report",
    "reproduce",
    "search",
    "table",
    "train",
]


_HOMES = {
    "AttackReport": "evonas.api.attacking",
    "attack": "evonas.api.attacking",
    "Ablation": "evonas.api.ablating",
    "ablate": "evonas.api.ablating",
    "MeasuredValue": "evonas.evaluation.objectives",
    "Objective": "evonas.evaluation.objectives",
    "Analysis": "evonas.api.analyses.result",
    "FinalReport": "evonas.api.final.report",
    "Reproduction": "evonas.api.final.reproducing",
    "reproduce": "evonas.api.final.reproducing",
    "export": "evonas.api.export.exporting",
    "Prediction": "evonas.api.export.predicting",
    "predict": "evonas.api.export.predicting",
    "train": "evonas.api.final.training",
    "Settings": "evonas.settings",
    "Study": "evonas.api.study",
    "Subject": "evonas.evaluation.objectives",
    "Trained": "evonas.api.evaluating",
    "analyse": "evonas.api.analysing",
    "available": "evonas.api.catalogue",
    "evaluate": "evonas.api.evaluating",
    "load_network": "evonas.evaluation.model_file",
    "load_study": "evonas.api.study",
    "mirror": "evonas.api.reporting.mirroring",
    "new_study": "evonas.api.searching",
    "objective": "evonas.evaluation.objectives",
    "plot": "evonas.api.reporting.paper",
    "report": "evonas.api.reporting.page",
    "search": "evonas.api.searching",
    "table": "evonas.api.reporting.paper",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return evonas_version()
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'evonas' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class _CallableModule(ModuleType):
    """Makes ``evonas.search`` and ``evonas.report`` functions to users, packages to developers."""

    def __call__(self, *given: Any, **settings: Any) -> Any:
        return self._function()(*given, **settings)

    @property
    def __doc__(self) -> str | None:  # type: ignore[override]
        doc: str | None = self._function().__doc__
        return doc

    @property
    def __signature__(self) -> Any:
        from inspect import signature

        return signature(self._function())

    def _function(self) -> Any:
        return __getattr__(self.__name__.rpartition(".")[2])


_report.__class__ = _CallableModule
_search.__class__ = _CallableModule
