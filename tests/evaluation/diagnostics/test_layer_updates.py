"""Oracles: torch's gradients, a twin under back-propagation, a network left as it was."""

import torch
from torch import nn
from torch.nn import functional as F

from evonas.evaluation.data.images import SearchData
from evonas.evaluation.diagnostics.layer_updates import layer_updates
from evonas.evaluation.diagnostics.mini_batches import Batch, mini_batches
from evonas.evaluation.diagnostics.rule_twins import rule_twin
from evonas.evaluation.diagnostics.update_noise import LayerNoise, update_noise
from evonas.networks import Network
from evonas.rules import rule_layers
from evonas.space import load

CELL = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|skip_connect~0|none~1|nor_conv_1x1~2|"


def network(digits: SearchData, rule: str, *, seed: int = 0) -> Network:
    space = load("nas-bench-201").resized(channels=4, cells=1).with_rules((rule,))
    return rule_twin(space, space.parse(CELL), digits.traits, seed=seed)


def batches(digits: SearchData, count: int = 4) -> list[Batch]:
    return mini_batches(digits.train, batch=16, count=count, seed=0)


def by_layer(found: list[LayerNoise], assignment: str) -> dict[str, LayerNoise]:
    return {one.layer: one for one in found if one.assignment == assignment}


def test_under_back_propagation_they_are_the_gradients(digits: SearchData) -> None:
    net = network(digits, "bp").train()
    some = batches(digits)
    found = layer_updates(net, some)
    for number, (pixels, labels) in enumerate(some):
        net.zero_grad()
        torch.autograd.backward(F.cross_entropy(net(pixels), labels))
        for name, layer in rule_layers(net).items():
            if name in found:
                assert layer.weight.grad is not None
                assert torch.allclose(found[name][number], layer.weight.grad.flatten(), atol=1e-7)


def test_edges_that_never_run_have_none(digits: SearchData) -> None:
    space = load("nas-bench-201").resized(channels=4, cells=1).with_rules(("fa",))
    dead = CELL.replace("none~1|nor", "nor_conv_3x3~1|nor").replace("|skip_connect~1|", "|none~1|")
    net = rule_twin(space, space.parse(dead), digits.traits, seed=0)
    found = layer_updates(net, batches(digits))
    assert 0 < len(found) < len(rule_layers(net))
    assert all(updates.shape[0] == 4 for updates in found.values())


def test_the_network_is_left_as_it_was(digits: SearchData) -> None:
    for rule in ("brsf", "bcm", "local"):
        net = network(digits, rule).eval()
        net.wiring.restore({**net.wiring.state(), "step": 7})
        before = {name: value.clone() for name, value in net.named_buffers()}
        first = layer_updates(net, batches(digits))
        again = layer_updates(net, batches(digits))
        assert net.wiring.step == 7
        assert not any(module.training for module in net.modules())
        assert all(torch.equal(value, before[name]) for name, value in net.named_buffers())
        assert all(parameter.grad is None for parameter in net.parameters())
        assert all(torch.equal(first[name], again[name]) for name in first)


def test_batchwise_random_feedback_differs_between_batches(digits: SearchData) -> None:
    (one,) = batches(digits, 1)
    for rule, is_fresh in (("frsf", False), ("brsf", True)):
        stem = next(iter(layer_updates(network(digits, rule), [one, one]).values()))
        assert torch.equal(stem[0], stem[1]) != is_fresh


def test_a_rule_that_keeps_averages_begins_every_batch_with_the_same(digits: SearchData) -> None:
    (one,) = batches(digits, 1)
    for updates in layer_updates(network(digits, "bcm"), [one, one]).values():
        assert torch.equal(updates[0], updates[1])


def test_back_propagation_has_a_cosine_of_one_with_itself_and_other_rules_less(
    digits: SearchData,
) -> None:
    networks = {"bp": network(digits, "bp"), "same": network(digits, "bp")}
    found = update_noise(networks | {"fa": network(digits, "fa")}, batches(digits))
    for name in ("bp", "same"):
        assert all(abs(one.cosine - 1) < 1e-6 for one in by_layer(found, name).values())
    feedback = by_layer(found, "fa")
    assert abs(feedback.pop("classifier").cosine - 1) < 1e-6  # nothing is sent to it
    assert all(one.cosine < 0.8 for one in feedback.values())
    assert by_layer(found, "bp").keys() == {"classifier", *feedback}
    assert {one.rule for one in found if one.assignment == "fa"} == {"fa"}


def test_on_one_repeated_batch_there_is_no_variance(digits: SearchData) -> None:
    (one,) = batches(digits, 1)
    found = update_noise({"bp": network(digits, "bp")}, [one] * 4)
    assert all(layer.nv < 1e-10 for layer in found)


def test_any_network_of_rule_layers_will_do(trained: nn.Module, digits: SearchData) -> None:
    from evonas.rules import RULES, convert

    net = convert(trained, RULES["dfa"](), seed=0)
    found = layer_updates(net, batches(digits))
    assert len(found) == 3
