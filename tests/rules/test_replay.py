"""A recorded and replayed training step continues the training correctly.

The recorder does what a CUDA graph does: it keeps every operation with the memory it read and
wrote, knows nothing of Python, and repeats them all. It also refuses what a graph refuses.
"""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from evonas.rules import (
    RULES,
    AbstractRule,
    BatchRandomSign,
    KolenPollack,
    RuleConv2d,
    RuleLinear,
    Wiring,
    connect,
    parameter_groups,
    wirings,
)
from tests.recorder import Recorder

SETTINGS: dict[str, Any] = {"momentum": 0.9, "weight_decay": 1e-2, "nesterov": True}


def network(*rules: AbstractRule) -> nn.Sequential:
    """A chain of convolutions, and a classifier under the last rule."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layers: list[nn.Module] = [RuleConv2d(1, 6, 3, padding=1, rule=rules[0])]
        for rule in rules:
            layers += [nn.BatchNorm2d(6), nn.Tanh(), RuleConv2d(6, 6, 3, padding=1, rule=rule)]
        layers += [nn.AdaptiveAvgPool2d(2), nn.Flatten(), RuleLinear(24, 3, rule=rules[-1])]
        made = nn.Sequential(*layers)
    connect(made, seed=2**40 + 3, num_classes=3)
    return made


def trainer(made: nn.Module, rate: float | Tensor, *, device: str = "cpu") -> Callable[[], None]:
    """One step of training, whose rate may be a tensor."""
    (wiring,) = wirings(made)
    generator = torch.Generator().manual_seed(1)
    images = torch.randn(9, 1, 6, 6, generator=generator).to(device)
    labels = (torch.arange(9) % 3).to(device)
    groups = parameter_groups(made, learning_rate=0.05, **SETTINGS)
    optimiser = torch.optim.SGD(groups, fused=True)

    def step() -> None:
        wiring.aim(labels)
        loss = F.cross_entropy(wiring.watch(made(images)), labels)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        wiring.advance(learning_rate=rate, **SETTINGS)

    return step


@pytest.mark.parametrize("name", [*RULES, "all"])
def test_replayed_steps_equal_ordinary_training(name: str) -> None:
    rules = [rule() for rule in RULES.values()] if name == "all" else [RULES[name]()] * 2
    plain, recorded = network(*rules), network(*rules)
    plain_step = trainer(plain, 0.05)
    for _ in range(6):
        plain_step()

    (wiring,) = wirings(recorded)
    wiring.to_tensors("cpu")
    step = trainer(recorded, torch.tensor(0.05, dtype=torch.float64))
    step(), step()
    recorder = Recorder()
    with recorder:
        step()
    for _ in range(3):
        recorder.replay()
    assert wiring.state() == wirings(plain)[0].state()
    for key, value in plain.state_dict().items():
        assert torch.equal(recorded.state_dict()[key], value), key


@pytest.mark.parametrize("name", ["brsf", "kp"])
def test_replay_with_python_numbers_repeats_old_values(name: str) -> None:
    made, other = network(RULES[name]()), network(RULES[name]())
    step, other_step = trainer(made, 0.05), trainer(other, 0.05)
    step(), step()
    recorder = Recorder()
    with recorder:
        step()
    recorder.replay()
    for _ in range(4):
        other_step()
    weights = zip(made.parameters(), other.parameters(), strict=True)
    assert not all(torch.equal(mine, theirs) for mine, theirs in weights)


@pytest.mark.parametrize("nesterov", [False, True])
def test_tensor_and_number_state_agree(nesterov: bool) -> None:
    layers = [RuleLinear(6, 5, rule=KolenPollack()), RuleLinear(6, 5, rule=KolenPollack())]
    layers[1].load_state_dict(layers[0].state_dict())
    numbers, tensors = (connect(layer, seed=2) for layer in layers)
    tensors.to_tensors("cpu")
    settings = SETTINGS | {"nesterov": nesterov}
    for step in range(100):
        rate = 0.1 / (1 + step)
        numbers.advance(learning_rate=rate, **settings)
        tensors.advance(learning_rate=torch.tensor(rate, dtype=torch.float64), **settings)
        assert torch.equal(layers[0].feedback(), layers[1].feedback())
    assert tensors.state() == numbers.state()


def fresh(wiring: Wiring) -> Tensor:
    return wiring.fresh_noise(1, like=torch.zeros(1), shape=torch.Size([10]))


def test_state_is_restored_into_same_tensors_and_read_back() -> None:
    layer = RuleLinear(6, 5, rule=BatchRandomSign())
    wiring, other = connect(layer, seed=2), connect(layer, seed=2)
    for _ in range(3):
        wiring.advance(learning_rate=0.1)
    other.to_tensors("cpu")
    kept = other.step
    other.restore(wiring.state())
    assert other.step is kept
    assert torch.equal(fresh(other), fresh(wiring))
    other.advance(learning_rate=0.1)
    other.to_numbers()
    wiring.advance(learning_rate=0.1)
    assert (other.step, other.state()) == (4, wiring.state())
    assert torch.equal(fresh(other), fresh(wiring))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_captured_cuda_graph_matches_ordinary_training() -> None:
    rules = [RULES[name]() for name in ("fa", "usf", "frsf", "brsf", "kp", "dfa", "sdfa", "drtp")]
    plain, captured = network(*rules).cuda(), network(*rules).cuda()
    plain_step = trainer(plain, 0.05, device="cuda")
    for _ in range(7):
        plain_step()
    (wiring,) = wirings(captured)
    wiring.to_tensors("cuda")
    step = trainer(captured, 0.05, device="cuda")
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        for _ in range(3):
            step()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    for _ in range(4):  # capturing alone runs nothing
        graph.replay()
    torch.cuda.synchronize()
    assert wiring.state()["step"] == 7
    for key, value in plain.state_dict().items():
        assert torch.allclose(captured.state_dict()[key], value, atol=1e-4), key
