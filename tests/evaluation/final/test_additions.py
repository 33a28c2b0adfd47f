"""Drop path, auxiliary head, views; oracles: limit cases, expectations, explicit networks."""

from dataclasses import replace
from typing import Any, get_args

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from evonas.errors import ConfigError
from evonas.evaluation.accuracy import accuracy
from evonas.evaluation.candidate import candidate_network
from evonas.evaluation.data.place import default_data_dir
from evonas.evaluation.final.auxiliary_head import AuxiliaryHead
from evonas.evaluation.final.data import FinalData, load_final_data
from evonas.evaluation.final.drop_path import DropPath
from evonas.evaluation.final.final_training import FinalTraining
from evonas.evaluation.final.recipe import FinalRecipe
from evonas.evaluation.final.views import Views, viewed_accuracy, viewed_logits
from evonas.networks import Network
from evonas.networks.cell import Cell
from evonas.networks.named.table import build_named
from evonas.rules import Backprop, rule_layers
from evonas.space import load

RULES = ("kp", "dfa", "bp")
SPACE = load("tiny").resized(channels=4, cells=1).with_rules(RULES)
PLAIN = FinalRecipe(description="", epochs=2, batch=300, learning_rate=0.1, validation_share=0.2)
GENOME = "|conv_3x3~0|+|sep_3x3~1|+|grouped_3x3~2| @ {}"


@pytest.fixture(scope="module")
def data() -> FinalData:
    return load_final_data(
        "digits", data_dir=default_data_dir(), validation_share=0.2, split_seed=0, device="cpu"
    )


def network(data: FinalData, rules: str = "kp dfa") -> Network:
    return candidate_network(SPACE, SPACE.parse(GENOME.format(rules)), data.traits, seed=3)


def trained(data: FinalData, recipe: FinalRecipe, rules: str = "kp dfa") -> dict[str, Tensor]:
    mine = network(data, rules)
    final = FinalTraining(mine, data, recipe, seed=5)
    final.run(lambda: None)
    return {**mine.state_dict(), "loss": torch.tensor([each.loss for each in final.epochs])}


def equal(one: dict[str, Tensor], two: dict[str, Tensor]) -> bool:
    return all(torch.equal(value, two[name]) for name, value in one.items())


def test_drop_path_of_probability_zero_changes_nothing(data: FinalData) -> None:
    """In the first epoch p is zero: drop path is installed, and drops nothing."""
    one_epoch = replace(PLAIN, epochs=1)
    mine, dropping = network(data), network(data)
    FinalTraining(mine, data, one_epoch, seed=5).run(lambda: None)
    final = FinalTraining(dropping, data, replace(one_epoch, drop_path=0.5), seed=5)
    assert any(cell.drops for cell in dropping.modules() if isinstance(cell, Cell))
    final.run(lambda: None)
    assert equal(mine.state_dict(), dropping.state_dict())
    assert not any(cell.drops for cell in dropping.modules() if isinstance(cell, Cell))
    assert not equal(trained(data, PLAIN), trained(data, replace(PLAIN, drop_path=0.5)))


def test_drop_path_keeps_the_expected_edge_output(data: FinalData) -> None:
    steps, batch = 2000, 2
    mine = network(data)
    drops = DropPath(mine, probability=0.6, epochs=3, num_steps=steps, batch=batch)
    drops.begin_epoch(torch.Generator().manual_seed(0), epoch=2)  # p = 0.4
    cell = next(each for each in mine.body.values() if isinstance(each, Cell))
    assert cell.drops is not None
    name = cell.live_edges[0]
    factors = []
    for number in range(steps):
        drops.begin_step(torch.tensor([number]))
        factors.append(cell.drops[name].flatten().clone())
    found = torch.stack(factors)
    assert found.unique().tolist() == pytest.approx([0.0, 1 / 0.6])
    error = (0.4 / 0.6 / found.numel()) ** 0.5  # of the mean: its variance is p / (1 - p)
    assert float(found.mean()) == pytest.approx(1.0, abs=4 * error)
    assert not torch.equal(found[:, 0], found[:, 1])  # each image is dropped independently
    value = torch.rand(batch, 4, 8, 8)
    output = cell.edges[name](value)
    torch.testing.assert_close(
        cell._run_edge(name, value), output * found[-1].view(-1, 1, 1, 1), rtol=1e-4, atol=1e-5
    )
    mine.eval()
    assert torch.equal(cell._run_edge(name, value), cell.edges[name](value))


def test_identity_edges_are_never_dropped(data: FinalData) -> None:
    genome = SPACE.parse("|skip~0|+|sep_3x3~1|+|skip~2| @ kp dfa")
    mine = candidate_network(SPACE, genome, data.traits, seed=3)
    DropPath(mine, probability=0.5, epochs=1, num_steps=1, batch=2)
    for cell in mine.body.values():
        if isinstance(cell, Cell):
            assert cell.drops is not None
            kinds = {isinstance(cell.edges[name], nn.Identity) for name in cell.drops}
            assert kinds == {False}
            assert len(cell.drops) < len(cell.live_edges)


def test_part_of_batch_has_drops_of_the_whole_batch(data: FinalData) -> None:
    found = []
    for part in ((0, 1), (0, 2), (1, 2)):
        mine = network(data)
        drops = DropPath(mine, probability=0.8, epochs=2, num_steps=3, batch=8, part=part)
        drops.begin_epoch(torch.Generator().manual_seed(1), epoch=1)
        drops.begin_step(torch.tensor([2]))
        cell = next(each for each in mine.body.values() if isinstance(each, Cell))
        assert cell.drops is not None
        found.append(torch.stack([each.flatten() for each in cell.drops.values()]))
    assert torch.equal(found[0], torch.cat(found[1:], dim=1))


def weightless(*given: Any, **named: Any) -> AuxiliaryHead:
    """A head of weight zero, regardless of the recipe."""
    return AuxiliaryHead(*given, **{**named, "weight": 0.0})


@pytest.mark.parametrize("rules", ["kp dfa", "bp bp"])
def test_auxiliary_head_changes_training_only_above_weight_zero(
    data: FinalData, rules: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = trained(data, PLAIN, rules)
    recipe = replace(PLAIN, auxiliary_weight=0.4)
    helped = trained(data, recipe, rules)
    monkeypatch.setattr("evonas.evaluation.final.additions.AuxiliaryHead", weightless)
    assert equal(trained(data, recipe, rules), plain)
    assert not equal(helped, plain)
    assert helped.keys() == plain.keys()  # the head is not saved


def test_auxiliary_loss_matches_an_explicit_head(data: FinalData) -> None:
    mine = network(data, "bp bp")
    head = AuxiliaryHead(mine, input_shape=(1, 8, 8), num_classes=10, weight=0.3, seed=1)
    images = torch.rand(20, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(20) % 10
    seen: list[Tensor] = []
    cells = [each for each in mine.body.values() if isinstance(each, Cell)]
    cells[2 * len(cells) // 3].register_forward_hook(lambda *given: seen.append(given[2]))
    mine.train()(images)
    found = head.loss(labels)
    w = dict(head.module.state_dict())
    side = seen[0].shape[2]
    x = F.avg_pool2d(seen[0].relu(), 5, side - 5) if 5 < side <= 10 else None
    x = F.adaptive_avg_pool2d(seen[0].relu(), 2) if x is None else x
    x = F.conv2d(x, w["2.weight"])
    x = F.batch_norm(x, None, None, w["3.weight"], w["3.bias"], training=True).relu()
    x = F.conv2d(x, w["5.weight"])
    x = F.batch_norm(x, None, None, w["6.weight"], w["6.bias"], training=True).relu()
    logits = F.linear(x.flatten(1), w["9.weight"], w["9.bias"])
    expected = 0.3 * F.cross_entropy(logits, labels)
    torch.testing.assert_close(found, expected)
    weight = cells[0].edges[cells[0].live_edges[0]].get_parameter("1.weight")
    (mine_,) = torch.autograd.grad(found, weight, retain_graph=True)
    (theirs,) = torch.autograd.grad(expected, weight)
    torch.testing.assert_close(mine_, theirs, rtol=1e-4, atol=1e-7)


def test_auxiliary_head_layers_use_the_classifier_rule(data: FinalData) -> None:
    mine = network(data, "kp dfa")
    head = AuxiliaryHead(mine, input_shape=(1, 8, 8), num_classes=10, weight=0.3, seed=1)
    rules = {layer.rule for layer in rule_layers(head.module).values()}
    assert rules == {mine.classifier.rule}
    assert len(rule_layers(head.module)) == 3
    wirings = {id(layer.wiring) for layer in rule_layers(head.module).values()}
    assert id(mine.wiring) not in wirings


def test_creating_auxiliary_head_leaves_network_unchanged(data: FinalData) -> None:
    mine = network(data)
    before = {name: value.clone() for name, value in mine.state_dict().items()}
    AuxiliaryHead(mine, input_shape=(1, 8, 8), num_classes=10, weight=0.3, seed=1)
    assert equal(before, mine.state_dict())


def test_networks_without_cells_are_rejected(data: FinalData) -> None:
    mine = build_named(
        "resnet20", rules=[Backprop()], input_shape=(1, 8, 8), num_classes=10, seed=0
    )
    for recipe in (replace(PLAIN, drop_path=0.2), replace(PLAIN, auxiliary_weight=0.4)):
        with pytest.raises(ConfigError, match="needs a network with cells"):
            FinalTraining(mine, data, recipe, seed=0)


def test_weight_averaging_does_not_change_the_losses(data: FinalData) -> None:
    plain = trained(data, replace(PLAIN, validation_share=0.2))
    averaged = trained(data, replace(PLAIN, average_decay=0.9))
    assert torch.equal(plain["loss"], averaged["loss"])
    assert not equal(plain, averaged)  # the averaged weights are kept


def test_views_average_over_flipped_and_shifted_images(data: FinalData) -> None:
    mine = network(data, "bp bp").eval()
    assert data.validation is not None
    pixels = data.validation.pixels[:7].float() / 255
    with torch.no_grad():
        framed = F.pad(pixels, (1, 1, 1, 1), mode="reflect")
        moved = [pixels, framed[:, :, :8, :8], framed[:, :, 2:, 2:]]
        plain = [mine(x) for x in moved]
        both = [0.5 * mine(x) + 0.5 * mine(x.flip(3)) for x in moved]
        for may_flip, each in ((True, both), (False, plain)):
            found = [viewed_logits(mine, pixels, v, may_flip=may_flip) for v in get_args(Views)]
            assert torch.equal(found[0], plain[0])
            torch.testing.assert_close(found[1], each[0])
            torch.testing.assert_close(found[2], 0.5 * each[0] + 0.25 * each[1] + 0.25 * each[2])


def test_flip_views_are_invariant_to_flips(data: FinalData) -> None:
    mine = network(data, "bp bp").eval()
    assert data.validation is not None
    pixels = data.validation.pixels[:7].float() / 255
    with torch.no_grad():
        found = viewed_logits(mine, pixels, "flips", may_flip=True)
        mirrored = viewed_logits(mine, pixels.flip(3), "flips", may_flip=True)
        torch.testing.assert_close(found, mirrored)


def test_images_that_must_not_be_mirrored_are_validated_as_they_are(data: FinalData) -> None:
    """A network that never saw a mirrored digit takes one for another."""
    mine, recipe = network(data, "bp bp"), replace(PLAIN, epochs=4, batch=50, views="flips")
    final = FinalTraining(mine, data, recipe, seed=5)
    final.run(lambda: None)
    assert data.validation is not None
    found = {
        may_flip: viewed_accuracy(mine, data.validation, views="flips", may_flip=may_flip)
        for may_flip in (True, False)
    }
    assert found[True] != found[False] == accuracy(mine, data.validation)
    assert final.epochs[final.best_epoch - 1].validation == found[False]
