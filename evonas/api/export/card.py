"""The model card of an exported network: what it is, what was measured, what is unknown."""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from torch import nn

from evonas.counted import counted
from evonas.evaluation.objectives import OBJECTIVES
from evonas.markdown import markdown_table
from evonas.report.attacks.reading import ATTACK, read_attacks
from evonas.report.attacks.table import attack_table
from evonas.report.controls.twin import Differences, read_twin_differences
from evonas.rules import rule_layers
from evonas.study.final.result import FinalResult, read_result
from evonas.study.folder import readable_run
from evonas.study.results.candidate import Candidate
from evonas.study.results.reading import RunState, read_run


def model_card(
    network: nn.Module,
    about: Mapping[str, Any],
    *,
    use: str,
    source: Path,
    run: Path | None,
) -> str:
    """The card as Markdown.

    Args:
        network: the network that was exported.
        about: the description in the model file.
        use: Python code that computes logits.
        source: the model file.
        run: the folder of the run that found it; None for a file on its own.
    """
    state = None if run is None else read_run(run)
    parts = [
        f"# Network {about['key']}",
        _summary(network, about, state),
        f"## Use\n\n```python\n{use}\n```\n\n{_interface(about)}",
        f"## How it learned\n\n{_learning(network, about, state)}",
        f"## What was measured\n\n{_measured(about, state, read_result(source.parent))}",
        f"## Under attack\n\n{_attacked(about['key'], state)}",
        f"## Compared with its controls\n\n{_controlled(about['key'], state)}",
        "## Licence\n\nThese weights come without a licence: choose one, and respect the licence "
        "of the training data. evonas itself is under the MIT licence.",
    ]
    return "\n\n".join(parts) + "\n"


def _summary(network: nn.Module, about: Mapping[str, Any], state: RunState | None) -> str:
    size = sum(parameter.numel() for parameter in network.parameters())
    shape = " x ".join(map(str, about["input_shape"]))
    data = "" if state is None else f" of `{state.settings.training.dataset}`"
    return (
        f"Classifies images of {shape}{data} into {about['num_classes']} classes. {size:,} "
        f"parameters. Trained with evonas {about['version']}."
    )


def _interface(about: Mapping[str, Any]) -> str:
    shape = ", ".join(map(str, about["input_shape"]))
    names = ", ".join(map(str, about["class_names"])) or "by number"
    return (
        f"Input: float images in [0, 1] of shape (N, {shape}), for any N; the normalisation is "
        f"inside. Output: logits of shape (N, {about['num_classes']}). Classes, in order: "
        f"{names}."
    )


def _learning(network: nn.Module, about: Mapping[str, Any], state: RunState | None) -> str:
    counts: dict[str, int] = {}
    rules = {}
    for layer in rule_layers(network).values():
        rule = layer.rule
        rules[rule.name] = rule
        counts[rule.name] = counts.get(rule.name, 0) + layer.weight.numel()
    total = sum(counts.values())
    rows = [
        (name, rules[name].title, f"{count:,}", f"{100 * count / total:.1f} %",
         rules[name].transports or "nothing")
        for name, count in sorted(counts.items(), key=lambda item: -item[1])
    ]  # fmt: skip
    table = markdown_table(("rule", "name", "weights", "share", "transports"), rows)
    lines = [f"Genome: `{about['genome']}`", table]
    if state is not None:
        training = state.settings.training
        lines.append(
            f"Found by a search of the space `{state.settings.problem.space}`: "
            f"{counted(len(state.candidates), 'candidate')} in "
            f"{counted(state.num_trainings, 'training')}. "
            f"Budget of each: {counted(training.epochs, 'epoch')} of batches of {training.batch}."
        )
    if "training" in about:
        said = ", ".join(f"{name} {_plain(value)}" for name, value in about["training"].items())
        lines.append(f"Final training by `evonas train`: {said}.")
    return "\n\n".join(lines)


def _measured(about: Mapping[str, Any], state: RunState | None, result: FinalResult | None) -> str:
    if result is not None:
        return _final(result)
    if state is None:
        return (
            "A model file on its own holds no measurements; export the network by its run and "
            "key to include them."
        )
    candidate = state.find(about["key"])
    confirmed = state.confirmed.get(candidate.key)
    rows = []
    for name in dict.fromkeys([*state.settings.problem.objectives, *candidate.values]):
        if name in candidate.values:
            cells = [_value(candidate.values[name], candidate.errors.get(name))]
            for each in (name, f"test_{name}"):
                known = confirmed is not None and each in confirmed.means
                cells.append(
                    _value(confirmed.means[each], confirmed.errors[each])  # type: ignore[union-attr]
                    if known
                    else "-"
                )
            rows.append((name, *cells, OBJECTIVES[name].unit))
    table = markdown_table(("objective", "search", "confirmed", "test part", "unit"), rows)
    return f"{table}\n\n{_provenance(candidate, confirmed is not None)}"


def _provenance(candidate: Candidate, is_confirmed: bool) -> str:
    mine = candidate.representative
    values = ", ".join(f"{name} {_value(value, None)}" for name, value in mine.values.items())
    fresh = (
        " Confirmed values are means of fresh trainings of the same network, which played no part "
        "in choosing it."
        if is_confirmed
        else " Not confirmed by fresh trainings: values found during a search are optimistic."
    )
    return (
        f"± one standard error. Values of the search are means of {candidate.replicates} trainings"
        f" ({candidate.collapsed} collapsed).{fresh} The weights in this file are those of one "
        f"training: {values}."
    )


def _final(result: FinalResult) -> str:
    lines = []
    if result.test is not None:
        test, views = result.test, ""
        if result.test_one_view is not None:  # the exported network computes one view
            test = result.test_one_view
            views = f" By the mean of {result.views} of each image: {result.test:.4f}."
        error = math.sqrt(test * (1 - test) / result.test_images)
        lines.append(
            f"Test accuracy {test:.4f} ± {error:.4f} (one standard error, of "
            f"{result.test_images:,} images), read once, at the end.{views}"
        )
    if result.validation is not None:
        by = "" if result.views == "one" else f", by {result.views} of each image"
        lines.append(
            f"Validation accuracy {result.validation:.4f} at epoch {result.best_epoch}, which it "
            f"chose{by}."
        )
    lines.append(f"One training with seed {result.seed}; plausible share {result.bio:.2f}.")
    return " ".join(lines)


def _attacked(key: str, state: RunState | None) -> str:
    lines = list(_attack_lines(key, state)) if state is not None else []
    if not lines:
        return "Not attacked. `evonas attack RUN KEY` does it."
    return "\n\n".join(lines)


def _attack_lines(key: str, state: RunState) -> Iterator[str]:
    if key in state.audited:
        found = state.audited[key]
        flags = ", ".join(found.flags) or "none"
        yield (
            "Correct under APGD (two losses) and Square at "
            f"{state.settings.attack.epsilon}: {found.worst_case:.3f} ± "
            f"{found.standard_error:.3f} of {found.num_images} validation images "
            f"({found.clean:.3f} without attack). Signs of gradient masking: {flags}."
        )
    with readable_run(state.folder) as (_, journal):
        found_later = read_attacks(journal.findings(ATTACK))
    for each in found_later:
        if each.key == key:
            table = attack_table(each.outcomes)
            rows = [
                (str(row.attack), str(row.epsilon or "-"), f"{row.accuracy:.3f}", f"{row.se:.3f}")
                for row in table[~table.masked].itertuples()
            ]
            yield f"On {each.images} images of the {each.part} part:"
            yield markdown_table(("attack", "radius", "accuracy", "standard error"), rows)


def _controlled(key: str, state: RunState | None) -> str:
    differences: Differences = (
        {} if state is None else read_twin_differences(state.folder).get(key, {})
    )
    if not differences:
        return "Not compared. `evonas ablate RUN KEY` trains its controls."
    rows = [
        (name, f"{each.mean:+.4f}", "-" if each.error is None else f"{each.error:.4f}")
        for name, each in differences.items()
    ]
    table = markdown_table(("measure", "network minus its bp twin", "standard error"), rows)
    return f"{table}\n\nThe twin is the same network, trained by back-propagation at equal seeds."


def _value(value: float, error: float | None) -> str:
    if value == int(value) and abs(value) >= 10:
        return f"{int(value):,}"
    return f"{value:.4f}" + (f" ± {error:.4f}" if error else "")


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
