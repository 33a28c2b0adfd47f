"""Layer updates; oracles: torch's gradients, a bp twin, an unchanged network."""

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


def test_layer_updates_under_bp_are_the_gradients(digits: SearchData) -> None:
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


def test_dead_edges_have_no_updates(digits: SearchData) -> None:
    space = load("nas-bench-201").resized(channels=4, cells=1).with_rules(("fa",))
    dead = CELL.replace("none~1|nor", "nor_conv_3x3~1|nor").replace("|skip_connect~1|", "|none~1|")
    net = rule_twin(space, space.parse(dead), digits.traits, seed=0)
    found = layer_updates(net, batches(digits))
    assert 0 < len(found) < len(rule_layers(net))
    assert all(updates.shape[0] == 4 for updates in found.values())


def test_layer_updates_leave_the_network_unchanged(digits: SearchData) -> None:
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


def test_running_averages_are_reset_for_every_batch(digits: SearchData) -> None:
    (one,) = batches(digits, 1)
    for updates in layer_updates(network(digits, "bcm"), [one, one]).values():
        assert torch.equal(updates[0], updates[1])


def test_cosine_to_bp_is_one_only_for_bp(
    digits: SearchData,
) -> None:
    networks = {"bp": network(digits, "bp"), "same": network(digits, "bp")}
    found = update_noise(networks | {"fa": network(digits, "fa")}, batches(digits))
    for name in ("bp", "same"):
        assert all(abs(one.cosine - 1) < 1e-6 for one in by_layer(found, name).values())
    feedback = by_layer(found, "fa")
    assert abs(feedback.pop("classifier").cosine - 1) < 1e-6  # it receives the true error
    assert all(one.cosine < 0.8 for one in feedback.values())
    assert by_layer(found, "bp").keys() == {"classifier", *feedback}
    assert {one.rule for one in found if one.assignment == "fa"} == {"fa"}


def test_repeated_batch_has_zero_normalised_variance(digits: SearchData) -> None:
    (one,) = batches(digits, 1)
    found = update_noise({"bp": network(digits, "bp")}, [one] * 4)
    assert all(layer.nv < 1e-10 for layer in found)


def test_layer_updates_accept_any_network_of_rule_layers(
    trained: nn.Module, digits: SearchData
) -> None:
    from evonas.rules import RULES, convert

    net = convert(trained, RULES["dfa"](), seed=0)
    found = layer_updates(net, batches(digits))
    assert len(found) == 3
