"""Architectures as text and as files: reading one rebuilds the network that was written."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save, save_file

import evonas
from evonas.errors import RuleError, StorageError, UnknownNameError
from evonas.evaluation.architectures.named import NamedArchitecture
from evonas.evaluation.architectures.rule_text import parse_rule, split_rules
from evonas.evaluation.data.images import Traits
from evonas.evaluation.model_file import read_model, with_description
from evonas.rules import KolenPollack, LocalLoss, UniformSign

TRAITS = Traits("", 3, (3, 9, 9), (0.5, 0.4, 0.3), (0.2, 0.2, 0.2), 0, class_names=("a", "b", "c"))


def test_rule_is_parsed_with_its_options() -> None:
    assert parse_rule("usf") == UniformSign()
    assert parse_rule("kp(scale='rms')") == KolenPollack(scale="rms")
    assert parse_rule(" local( beta = 0.99, pool=1 )") == LocalLoss(beta=0.99, pool=1)
    assert parse_rule("kp()") == KolenPollack()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ufs", "did you mean 'usf'"),
        ("kp:scale=rms", r"options in round brackets: kp\(scale=.rms.\)"),
        ("local(beta)", "expected options such as"),
        ("local(beta=print(1))", "expected options such as"),
        ("local(beta=", "expected options such as"),
        ("local(alpha=1)", "alpha"),
        ("local(beta=2.0)", "beta in"),
    ],
)
def test_invalid_rule_text_is_rejected(text: str, message: str) -> None:
    with pytest.raises((RuleError, UnknownNameError), match=message):
        parse_rule(text)


def test_rule_list_is_split_outside_brackets() -> None:
    assert split_rules("usf, local(beta=0.5,pool=2),kp") == ("usf", "local(beta=0.5,pool=2)", "kp")
    with pytest.raises(UnknownNameError, match="names with commas between them"):
        split_rules("usf,,kp")


@pytest.mark.parametrize(
    "architecture",
    [
        NamedArchitecture("fast-cifar10", ("kp",)),
        NamedArchitecture("resnet20", ("local(beta=0.5)",)),
        NamedArchitecture("fast-cifar10", ("bp", "kp", "usf", "fa", "brsf", "frsf", "kp")),
    ],
    ids=lambda each: each.key,
)
def test_file_of_named_network_loads_on_its_own(
    architecture: NamedArchitecture, tmp_path: Path
) -> None:
    network = architecture.network(TRAITS, seed=5)
    with torch.no_grad():
        for tensor in network.state_dict().values():
            if tensor.is_floating_point():
                tensor.add_(0.01 * torch.rand(tensor.shape))
    model = with_description(save(network.state_dict()), architecture, traits=TRAITS, seed=5)
    path = tmp_path / "model.safetensors"
    path.write_bytes(model)
    images = torch.rand(2, 3, 9, 9)
    found = evonas.load_network(path)
    assert torch.equal(found(images), network.eval()(images))
    described = read_model(path)[1]
    assert described["genome"] == architecture.text
    # the name of another network, or an unknown one, is rejected
    for name in ("vgg8b", "resnet21"):
        document = {**described, "network": name}
        del document["sha256"]
        other = tmp_path / "other.safetensors"
        save_file(load_file(path), other, {"evonas": json.dumps(document)})
        with pytest.raises((StorageError, UnknownNameError, evonas.errors.SpaceError)):
            evonas.load_network(other)


def test_keys_differ_by_rules_and_options() -> None:
    keys = [
        NamedArchitecture("resnet20", rules).key
        for rules in (("kp",), ("usf",), ("kp(scale='rms')",), ("kp",) * 20)
    ]
    assert keys[:2] == ["resnet20-kp", "resnet20-usf"]
    assert len(set(keys)) == 4
