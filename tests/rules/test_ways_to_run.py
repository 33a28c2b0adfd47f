"""Every way in which torch can run a network gives the numbers of the plain way."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap
from torch.multiprocessing.spawn import spawn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.checkpoint import checkpoint

from evonas.errors import RuleError
from evonas.rules import (
    RULES,
    AbstractFeedbackRule,
    AbstractRule,
    Backprop,
    DirectFeedbackAlignment,
    RuleConv2d,
    RuleLinear,
    connect,
    wirings,
)

# rules whose signals are linear in the error; the others use a whole batch, signs or targets,
# and a plain training step runs them in test_all_rules_at_once.py
GRADIENT = sorted(
    name
    for name, rule in RULES.items()
    if issubclass(rule, AbstractFeedbackRule) or rule in (Backprop, DirectFeedbackAlignment)
)
COMPILED = [*GRADIENT, "sdfa", "drtp"]


@pytest.fixture(params=GRADIENT)
def rule(request: pytest.FixtureRequest) -> AbstractRule:
    """Each rule whose layers learn the gradient of what they receive."""
    return RULES[request.param]()


def ordinary(rule: AbstractRule, *, seed: int = 0) -> nn.Sequential:
    """A connected network of dense, depthwise and linear layers."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = nn.Sequential(
            RuleConv2d(2, 4, 3, padding=1, rule=rule),
            nn.Tanh(),
            RuleConv2d(4, 4, 3, padding=1, groups=4, rule=rule),
            nn.Flatten(),
            RuleLinear(4 * 25, 3, rule=rule),
        )
    connect(network, seed=5)
    return network.double()


def passes(network: nn.Module, images: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """Gradients of the loss in the images and in every parameter."""
    (wiring,) = wirings(network)
    x = images.clone().requires_grad_()
    names, parameters = zip(*network.named_parameters(), strict=True)
    loss = F.cross_entropy(wiring.watch(network(x)), labels)
    return dict(zip(("images", *names), torch.autograd.grad(loss, (x, *parameters)), strict=True))


@pytest.fixture
def data(generator: torch.Generator) -> tuple[Tensor, Tensor]:
    images = torch.randn(4, 2, 5, 5, dtype=torch.float64, generator=generator)
    return images, torch.tensor([0, 1, 2, 1])


def check_equal(found: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    assert list(found) == list(expected)
    for name, value in expected.items():
        assert torch.allclose(found[name], value, rtol=0, atol=1e-12), name


def test_accumulated_gradients_equal_whole_batch_gradients(
    rule: AbstractRule, data: tuple[Tensor, Tensor]
) -> None:
    network, twin = ordinary(rule), ordinary(rule)
    images, labels = data
    whole = passes(twin, images, labels)
    for half in (slice(0, 2), slice(2, 4)):
        (wiring,) = wirings(network)
        x = images[half].clone().requires_grad_()
        (F.cross_entropy(wiring.watch(network(x)), labels[half]) / 2).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None
        assert torch.allclose(parameter.grad, whole[name], rtol=0, atol=1e-12)


def test_channels_last_gives_same_gradients(
    rule: AbstractRule, data: tuple[Tensor, Tensor]
) -> None:
    images, labels = data
    expected = passes(ordinary(rule), images, labels)
    network = ordinary(rule).to(memory_format=torch.channels_last)
    for _ in range(2):  # the second pass makes the feedback of all layers at once
        found = passes(network, images.to(memory_format=torch.channels_last), labels)
        check_equal(found, expected)


@pytest.mark.parametrize("reentrant", [False, True])
def test_checkpointing_gives_same_gradients(
    rule: AbstractRule, reentrant: bool, data: tuple[Tensor, Tensor]
) -> None:
    if reentrant and rule.needs_error:
        pytest.skip("refused, see test_watched_logits.py")
    network, twin = ordinary(rule), ordinary(rule)
    (wiring,) = wirings(network)
    for _ in range(2):
        expected = passes(twin, *data)
        x = data[0].clone().requires_grad_()
        hidden = checkpoint(network[:3], x, use_reentrant=reentrant)
        network.zero_grad()
        F.cross_entropy(wiring.watch(network[3:](hidden)), data[1]).backward()
        assert x.grad is not None
        found = {"images": x.grad}
        for name, parameter in network.named_parameters():
            assert parameter.grad is not None
            found[name] = parameter.grad
        check_equal(found, expected)


@pytest.mark.parametrize("name", GRADIENT)
@pytest.mark.parametrize("is_first", [False, True])
def test_torch_func_gives_same_gradients_without_side_effects(
    name: str, is_first: bool, data: tuple[Tensor, Tensor]
) -> None:
    network, twin = ordinary(RULES[name]()), ordinary(RULES[name]())
    (wiring,) = wirings(network)
    images, labels = data
    expected = passes(twin, images, labels)
    if not is_first:
        passes(network, images, labels)

    def loss(parameters: dict[str, Tensor], x: Tensor) -> Tensor:
        return F.cross_entropy(wiring.watch(functional_call(network, parameters, (x,))), labels)

    parameters = {key: value.detach() for key, value in network.named_parameters()}
    by_name, of_images = grad(loss, argnums=(0, 1))(parameters, images)
    check_equal({"images": of_images, **by_name}, expected)
    of_images = grad(lambda x: F.cross_entropy(wiring.watch(network(x)), labels))(images)
    assert torch.allclose(of_images, expected["images"], rtol=0, atol=1e-12)
    check_equal(passes(network, images, labels), expected)


@pytest.mark.parametrize("name", GRADIENT)
def test_per_image_gradients_by_vmap_match_loop(name: str, data: tuple[Tensor, Tensor]) -> None:
    network = ordinary(RULES[name]())
    (wiring,) = wirings(network)
    images, labels = data
    parameters = {key: value.detach() for key, value in network.named_parameters()}

    def loss(parameters: dict[str, Tensor], x: Tensor, label: Tensor) -> Tensor:
        logits = wiring.watch(functional_call(network, parameters, (x[None],)))
        return F.cross_entropy(logits, label[None])

    found = vmap(grad(loss), in_dims=(None, 0, 0))(parameters, images, labels)
    for index in range(len(images)):
        expected = passes(network, images[index : index + 1], labels[index : index + 1])
        del expected["images"]
        check_equal({key: value[index] for key, value in found.items()}, expected)


@pytest.mark.parametrize("name", COMPILED)
def test_compiled_network_trains_like_plain_one(name: str, data: tuple[Tensor, Tensor]) -> None:
    torch._dynamo.reset()
    twin, network = ordinary(RULES[name]()), ordinary(RULES[name]())
    train(twin, twin, data, steps=6)
    (wiring,) = wirings(network)
    wiring.to_tensors("cpu")
    backend = "aot_eager" if name in ("brsf", "kp", "dfa") else "eager"  # quick
    compiled = torch.compile(
        lambda images: wiring.watch(network(images)), fullgraph=True, backend=backend
    )
    with torch._dynamo.config.patch(recompile_limit=2):  # cached tensors are found, not made again
        train(network, compiled, data, steps=6)
    for mine, theirs in zip(network.parameters(), twin.parameters(), strict=True):
        assert torch.allclose(mine, theirs, rtol=0, atol=1e-12)


def test_traced_direct_feedback_reports_missing_or_late_errors(
    data: tuple[Tensor, Tensor],
) -> None:
    network = ordinary(DirectFeedbackAlignment())
    (wiring,) = wirings(network)
    grad(lambda images: network(images).sum())(data[0])
    with pytest.raises(RuleError, match="had no error to send"):
        wiring.advance(learning_rate=0.1)
    grad(lambda images: network(images).sum())(data[0])
    with pytest.raises(RuleError, match="ran twice before its logits were watched"):
        grad(lambda images: network(images).sum())(data[0])
    network = ordinary(DirectFeedbackAlignment(norm="rms"))
    with pytest.raises(RuleError, match="norm 'rms' follows the signal received"):
        grad(lambda images: network(images).sum())(data[0])


def train(
    network: nn.Module,
    run: Callable[[Tensor], Tensor],
    data: tuple[Tensor, Tensor],
    *,
    steps: int = 3,
) -> None:
    """Some steps of SGD; ``run`` may watch the logits itself."""
    (wiring,) = wirings(network)
    optimiser = torch.optim.SGD(network.parameters(), lr=0.1, weight_decay=0.01)
    for _ in range(steps):
        wiring.aim(data[1])
        optimiser.zero_grad()
        logits = run(data[0])
        if wiring.bus.readers:
            logits = wiring.watch(logits)
        F.cross_entropy(logits, data[1]).backward()
        optimiser.step()
        wiring.advance(learning_rate=0.1, weight_decay=0.01)


def train_half(rank: int, store: str, images: Tensor, labels: Tensor, results: str) -> None:
    """One of two processes: its half of the batch, rule after rule."""
    torch.set_num_threads(1)
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{store}", rank=rank, world_size=2
    )
    half = slice(2 * rank, 2 * rank + 2)
    weights = {}
    for name in GRADIENT:
        network = ordinary(RULES[name](), seed=rank)  # DDP broadcasts the weights of rank 0
        train(network, DistributedDataParallel(network), (images[half], labels[half]))
        weights[name] = [parameter.detach() for parameter in network.parameters()]
    if rank == 1:
        torch.save(weights, results)
    torch.distributed.barrier()  # neither exits while the other still listens
    os._exit(0)  # gloo's threads sometimes abort an orderly exit


def test_two_ddp_processes_train_like_one(
    data: tuple[Tensor, Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # a spawned process imports this module by name, with the path of this process
    monkeypatch.syspath_prepend(Path(__file__).parents[2])
    results = tmp_path / "weights"
    spawn(train_half, args=(str(tmp_path / "store"), *data, str(results)), nprocs=2)
    weights = torch.load(results)
    for name in GRADIENT:
        network = ordinary(RULES[name]())
        train(network, network, data)
        for mine, theirs in zip(weights[name], network.parameters(), strict=True):
            assert torch.allclose(mine, theirs, rtol=0, atol=1e-12), name
