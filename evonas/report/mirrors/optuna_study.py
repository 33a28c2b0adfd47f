"""Mirror a run as Optuna studies, which optuna-dashboard can show during the run."""

import hashlib
import json
import warnings
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, final

from evonas.errors import ConfigError
from evonas.evaluation.objectives import OBJECTIVES
from evonas.report.mirrors.base import Step, failures_as_mirror_errors, imported, opening, quiet
from evonas.report.mirrors.candidate_facts import facts_of
from evonas.report.mirrors.history import Training
from evonas.report.mirrors.snapshot import Snapshot
from evonas.study.results.candidate import Candidate
from evonas.study.results.confirmed import Confirmed
from evonas.study.results.reading import RunState

IDENTITY = "evonas run"
CONTENT = "evonas content"
"""Study attributes: identity of the mirrored run, and hash of the candidates study's content."""

_DIRECTIONS = {"maximise": "maximize", "minimise": "minimize"}  # as Optuna spells them


@final
class OptunaMirror:
    """Mirrors a run to two studies: trainings (live), and candidates (while the run is idle).

    A finished trial of Optuna cannot be changed. So a trial of the first study is one training
    (key, replicate): running until its result is known, then complete, failed, or pruned if it was
    stopped on a rung or refused. Estimates of a candidate change with each training. So the study
    of candidates, ``NAME (candidates)``, is written only while no process is working on the run,
    and rewritten when its content has changed.

    Args:
        url: URL of a database (``sqlite:///study.db``), or path of a journal file.
        now: clock that returns the current time.

    Raises:
        ConfigError: Optuna is not installed, or the storage cannot be opened.
    """

    def __init__(self, url: str, *, now: Callable[[], datetime] = datetime.now) -> None:
        self._optuna = imported("optuna", extra="optuna")
        self._url = url
        self._now = now
        storages = self._optuna.storages
        expected = "optuna: expected a storage such as sqlite:///study.db"
        with quiet("optuna"), opening(url, expected=expected):
            if "://" in url:
                self._storage = storages.get_storage(url)
            else:
                self._storage = storages.JournalStorage(storages.journal.JournalFileBackend(url))

    def update(self, run: Snapshot, *, on_step: Step) -> None:
        """Add trials, and finish those whose results have come; see :class:`Mirror`."""
        with quiet("optuna"), failures_as_mirror_errors(self._url):
            self._write_trainings(run, on_step)
            if run.state is not None and not run.is_running:
                self._write_candidates(run, run.state)

    def _write_trainings(self, run: Snapshot, on_step: Step) -> None:
        study = self._study(run.name, run)
        known: dict[tuple[Any, ...], list[Any]] = defaultdict(list)
        for trial in study.get_trials(deepcopy=False):
            had = trial.user_attrs
            known[had.get("key"), had.get("replicate"), had.get("attempt")].append(trial)
        for training in run.trainings:
            trials = known[training.key, training.replicate, training.attempt]
            self._write_training(study, run, training, trials)
            on_step()

    def _write_training(
        self, study: Any, run: Snapshot, training: Training, trials: list[Any]
    ) -> None:
        trial = self._training_trial(run, training)
        for known in trials:
            if not known.state.is_finished():
                self._go_on(known, trial)
                return
        epochs = trial.user_attrs.get("epochs")
        # a training pruned at the end of a search may be continued by an extended search
        if not any(known.user_attrs.get("epochs") == epochs for known in trials):
            study.add_trial(trial)

    def _go_on(self, known: Any, trial: Any) -> None:
        """Update a running trial; a kill at any line leaves it running."""
        number, write = known._trial_id, self._storage
        for name, value in trial.user_attrs.items():
            if known.user_attrs.get(name) != value:
                write.set_trial_user_attr(number, name, value)
        for name in known.user_attrs.keys() - trial.user_attrs.keys():
            # of an earlier rung; Optuna cannot remove an attribute
            if name == "left out" or name.startswith("value "):
                write.set_trial_user_attr(number, name, None)
        for name, value in trial.system_attrs.items():
            write.set_trial_system_attr(number, name, value)
        for epoch, loss in trial.intermediate_values.items():
            if epoch not in known.intermediate_values:
                write.set_trial_intermediate_value(number, epoch, loss)
        if trial.state.is_finished():
            write.set_trial_state_values(number, state=trial.state, values=trial.values)

    def _training_trial(self, run: Snapshot, training: Training) -> Any:
        states, result = self._optuna.trial.TrialState, training.result
        attributes: dict[str, Any] = {
            "key": training.key, "replicate": training.replicate, "attempt": training.attempt,
        }  # fmt: skip
        if result is None:
            return self._trial(run, training.genome, state=states.RUNNING, attributes=attributes)
        state = {
            "stopped": states.PRUNED if run.has_ended else states.RUNNING,
            "refused": states.PRUNED,
            "failed": states.FAIL,
            "whole": states.COMPLETE,
        }[training.state]
        attributes |= {
            "epochs": result.epochs, "seconds": result.seconds, "seed": result.seed,
            "failure": result.failure, "left out": result.left_out, "learned": result.learned,
        }  # fmt: skip
        shown = dict(result.values)
        is_complete = state == states.COMPLETE
        values = [shown.pop(name) for name in run.objectives] if is_complete else None
        return self._trial(
            run,
            training.genome,
            state=state,
            values=values,
            attributes=attributes | {f"value {name}": value for name, value in shown.items()},
            losses=result.losses,
            constraints={"violation": result.violation} if is_complete else None,
            seconds=result.seconds,
        )

    def _trial(
        self,
        run: Snapshot,
        genome: str,
        *,
        state: Any,
        attributes: dict[str, Any],
        values: list[float] | None = None,
        losses: tuple[float, ...] = (),
        constraints: dict[str, float] | None = None,
        seconds: float = 0.0,
    ) -> Any:
        categorical = self._optuna.distributions.CategoricalDistribution
        attributes = {"genome": genome, **attributes}
        trial = self._optuna.trial.create_trial(
            state=state,
            values=values,
            params=dict(run.parameters(genome)),
            distributions={gene.name: categorical(gene.choices) for gene in run.space.genes},
            user_attrs={name: value for name, value in attributes.items() if value is not None},
            intermediate_values=dict(enumerate(losses, start=1)),
            constraints=constraints,
        )
        # the journal has durations but no times
        trial.datetime_start = self._now() - timedelta(seconds=seconds)
        return trial

    def _write_candidates(self, run: Snapshot, state: RunState) -> None:
        trials = [
            self._candidate_trial(run, candidate, state.confirmed.get(candidate.key))
            for candidate in state.candidates
        ]
        name = f"{run.name} (candidates)"
        content = json.dumps([[t.state.name, t.values, t.params, t.user_attrs] for t in trials])
        digest = hashlib.sha256(content.encode()).hexdigest()
        study = self._study(name, run)
        if study.user_attrs.get(CONTENT) == digest:
            return
        if study.get_trials(deepcopy=False):
            self._optuna.delete_study(study_name=name, storage=self._storage)
            study = self._study(name, run)
        study.add_trials(trials)
        study.set_user_attr(CONTENT, digest)  # last, so that an incomplete study is rewritten

    def _candidate_trial(
        self, run: Snapshot, candidate: Candidate, confirmed: Confirmed | None
    ) -> Any:
        states, values = self._optuna.trial.TrialState, None
        state = states.PRUNED if candidate.failure is None else states.FAIL
        if candidate.contends:
            state = states.COMPLETE
            values = [candidate.values[name] for name in run.objectives]
        return self._trial(
            run,
            candidate.genome,
            state=state,
            values=values,
            attributes={"key": candidate.key, **facts_of(candidate, confirmed)},
            seconds=candidate.seconds,
        )

    def _study(self, name: str, run: Snapshot) -> Any:
        """The study of this run with the given name, created if it is missing.

        Raises:
            ConfigError: a study of this name does not belong to this run.
        """
        study = self._optuna.create_study(
            storage=self._storage,
            study_name=name,
            directions=[_DIRECTIONS[OBJECTIVES[each].direction] for each in run.objectives],
            load_if_exists=True,
        )
        found = study.user_attrs.get(IDENTITY)
        if found is None and not study.get_trials(deepcopy=False):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", self._optuna.exceptions.ExperimentalWarning)
                study.set_metric_names(list(run.objectives))
            for key, value in _about(run).items():
                study.set_user_attr(key, value)
            study.set_user_attr(IDENTITY, run.identity)
        elif found != run.identity:
            raise ConfigError(
                f"optuna: the study '{name}' in {self._url} is not of this run; give another "
                "--name"
            )
        return study


def _about(run: Snapshot) -> dict[str, Any]:
    settings = run.settings
    return {
        "space": settings.problem.space,
        "dataset": settings.training.dataset,
        "algorithm": settings.search.algorithm,
        "seed": settings.search.seed,
    }
