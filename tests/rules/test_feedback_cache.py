"""Feedback made for all layers at once always equals that of each layer's rule."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from evonas.rules import (
    RULES,
    AbstractFeedbackRule,
    AbstractRule,
    BatchRandomSign,
    FixedRandomSign,
    KolenPollack,
    RuleConv2d,
    UniformSign,
    Wiring,
    connect,
)

FEEDBACK_RULES = sorted(
    name for name, rule in RULES.items() if issubclass(rule, AbstractFeedbackRule)
)


def chain(*rules: AbstractRule) -> tuple[Any, Wiring]:
    """Layers of several shapes; one has a number of weights that is not a multiple of 4."""
    widths = [3, 4, 5, 3]
    network = nn.Sequential(
        *(
            RuleConv2d(before, after, 3, padding=1, rule=rule)
            for before, after, rule in zip(widths, widths[1:], rules, strict=False)
        )
    )
    return network, connect(network, seed=3)


def used(network: Any) -> list[Tensor]:
    """The feedback that a forward pass saves for its backward pass, layer by layer."""
    seen: list[Tensor] = []
    channels = network[0].in_channels
    originals = [layer.run_through for layer in network]
    for layer, original in zip(network, originals, strict=True):

        def note(
            inputs: Tensor, *, feedback: Tensor, run: Callable[..., Tensor] = original
        ) -> Tensor:
            seen.append(feedback)
            return run(inputs, feedback=feedback)

        layer.run_through = note
    try:
        network(torch.ones(1, channels, 5, 5, dtype=network[0].weight.dtype, requires_grad=True))
    finally:
        for layer in network:
            del layer.run_through
    return seen


def check(network: Any) -> None:
    """The feedback used in a forward pass is bit-identical to the rule's definition."""
    expected = [layer.rule.feedback(layer) for layer in network]
    for mine, definition in zip(used(network), expected, strict=True):
        assert torch.equal(mine, definition)


def options(name: str) -> list[AbstractRule]:
    rule = RULES[name]
    return [rule(scale="group"), rule(scale="rms")]  # type: ignore[call-arg]


@pytest.mark.parametrize("name", FEEDBACK_RULES)
def test_feedback_follows_every_kind_of_change(name: str) -> None:
    for rule in options(name):
        network, wiring = chain(rule, rule, rule)
        check(network)
        check(network)
        for step in range(3):
            with torch.no_grad():
                for parameter in network.parameters():
                    parameter.add_(torch.randn_like(parameter))
            check(network)  # the wiring was not notified
            wiring.advance(learning_rate=0.1, weight_decay=0.1 * (step + 1))
            check(network)
        network[1].weight.data.neg_()  # does not change the tensor's version
        check(network)
        network.load_state_dict({k: -v for k, v in network.state_dict().items()})
        check(network)
        wiring.restore({"step": 70, "decay": 0.5, "velocity": 0.0})
        check(network)
        network.double()
        check(network)
        network[2].weight = nn.Parameter(torch.randn_like(network[2].weight))
        check(network)


@pytest.mark.parametrize("name", ["usf", "frsf", "brsf"])
def test_signs_in_partial_forward_passes_are_never_stale(name: str) -> None:
    network, _ = chain(*[RULES[name]()] * 3)
    used(network)
    with torch.no_grad():
        network[2].weight.neg_()
    used(network[:2])  # refreshes all
    with torch.no_grad():
        network[2].weight.neg_()
    for mine, layer in zip(used(network[2:]), network[2:], strict=True):
        assert torch.equal(mine.sign(), layer.weight.sign())


@pytest.mark.parametrize("name", ["usf", "frsf", "brsf", "kp"])
def test_refresh_keeps_weight_of_single_layer_network(name: str) -> None:
    network, _ = chain(RULES[name]())
    before = network[0].weight.detach().clone()
    used(network)
    used(network)
    assert torch.equal(network[0].weight, before)


def test_parametrised_weight_is_followed() -> None:
    network, wiring = chain(*[UniformSign()] * 2)
    torch.nn.utils.parametrizations.weight_norm(network[1])
    for _ in range(2):
        check(network)
        with torch.no_grad():
            network[1].parametrizations.weight.original1.neg_()
        wiring.advance(learning_rate=0.1)


def test_each_layer_gets_feedback_of_its_own_rule() -> None:
    network, wiring = chain(UniformSign(), BatchRandomSign(), KolenPollack())
    for _ in range(4):
        check(network)
        with torch.no_grad():
            network[2].weight.mul_(0.9)
        wiring.advance(learning_rate=0.1, weight_decay=0.1)
    network[0].rule = FixedRandomSign()  # changed in mid-training
    check(network)
    check(network)


def test_pending_forward_pass_keeps_its_feedback() -> None:
    network, wiring = chain(*[BatchRandomSign()] * 3)
    images = torch.randn(2, 3, 5, 5, requires_grad=True)
    (expected,) = torch.autograd.grad(network(images).sum(), images)
    pending = network(images)
    wiring.advance(learning_rate=0.1)
    used(network)
    (found,) = torch.autograd.grad(pending.sum(), images)
    assert torch.equal(found, expected)


def test_all_feedback_shares_one_storage() -> None:
    network, _ = chain(*[UniformSign()] * 3)
    used(network)
    addresses = {tensor.untyped_storage().data_ptr() for tensor in used(network)}
    assert len(addresses) == 1


def test_each_forward_pass_needs_one_refresh(monkeypatch: pytest.MonkeyPatch) -> None:
    network, wiring = chain(*[UniformSign()] * 3)
    used(network)
    calls: list[int] = []
    original = UniformSign.feedbacks

    def count(rule: UniformSign, layers: list[RuleConv2d]) -> object:
        calls.append(len(layers))
        return original(rule, layers)

    monkeypatch.setattr(UniformSign, "feedbacks", count)
    for _ in range(3):
        wiring.advance(learning_rate=0.1)
        used(network)
    assert calls == [3, 3, 3]


@pytest.mark.parametrize("name", FEEDBACK_RULES)
def test_copies_have_separate_caches(name: str) -> None:
    network, wiring = chain(*[RULES[name]()] * 3)
    used(network)
    wiring.advance(learning_rate=0.1, weight_decay=0.1)
    for twin in (copy.deepcopy(network), pickle.loads(pickle.dumps(network))):
        for mine, theirs in zip(used(network), used(twin), strict=True):
            assert torch.equal(mine, theirs)
        with torch.no_grad():
            twin[0].weight.neg_()
        check(twin)
        check(network)
