"""Test whether SoftHebb's features, as in its paper but smaller, beat those of random weights.

    python -m benchmarks.softhebb_features --data-dir data

The recipe of Journe et al. (2023) with fewer channels and images: normalisation without affine
parameters, reflecting padding, weights with standard deviation 25 / sqrt(fan_in), layers trained
one after another by one pass without labels in batches of 10, activation (u - mean over
channels)+ to a power, and max pooling. Then a linear readout with dropout learns from the labels
(Adam 1e-3). The twin keeps SoftHebb's initial weights, so all else is equal. Prints the validation
accuracy after each number of layers.
"""

import argparse
import statistics
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from evonas.evaluation.data.images import Images, unit_pixels
from evonas.evaluation.data.loading import load_search_data
from evonas.evaluation.data.place import default_data_dir
from evonas.rules import RuleConv2d, SoftHebb, connect, parameter_groups

KERNELS = (5, 3)
TEMPERATURES = (1.0, 0.65)
LEARNING_RATES = (0.08, 0.005)
POWERS = (0.7, 1.4)


class Layer(nn.Module):
    """Normalisation, convolution, activation, pooling to half the size."""

    def __init__(self, in_channels: int, out_channels: int, *, place: int) -> None:
        super().__init__()
        kernel = KERNELS[place]
        rule = SoftHebb(
            send="none", learning_rate=LEARNING_RATES[place], temperature=TEMPERATURES[place]
        )
        self.norm = nn.BatchNorm2d(in_channels, affine=False)
        self.convolution = RuleConv2d(
            in_channels, out_channels, kernel, padding=kernel // 2, padding_mode="reflect",
            bias=False, rule=rule,
        )  # fmt: skip
        self.power = POWERS[place]
        self.pool = nn.MaxPool2d(4, stride=2, padding=1)
        nn.init.normal_(
            self.convolution.weight, std=25 / self.convolution.weight[0].numel() ** 0.5
        )

    def forward(self, inputs: Tensor) -> Tensor:
        """Maps (N, C, H, W) to (N, C', H/2, W/2)."""
        u = self.convolution(self.norm(inputs))
        active = (u - u.mean(1, keepdim=True)).relu() ** self.power
        features: Tensor = self.pool(active)
        return features


def learn(
    layer: Layer, inputs: Tensor, *, passes: int, batch: int, generator: torch.Generator
) -> None:
    """Train a layer without labels; the learning rate decreases linearly to zero."""
    groups = parameter_groups(layer, learning_rate=0.0)
    optimiser = torch.optim.SGD(groups)
    full = [group["lr"] for group in groups]
    layer.train()
    steps = [
        index
        for _ in range(passes)
        for index in torch.randperm(len(inputs), generator=generator).split(batch)
    ]
    for step, index in enumerate(steps):
        for group, rate in zip(optimiser.param_groups, full, strict=True):
            group["lr"] = rate * (1 - step / len(steps))
        optimiser.zero_grad()
        layer.convolution(layer.norm(inputs[index])).sum().backward()
        optimiser.step()


def features(layer: Layer, inputs: Tensor) -> Tensor:
    """Outputs of a layer for all images, in evaluation mode."""
    layer.eval()
    with torch.no_grad():
        return torch.cat([layer(chunk) for chunk in inputs.split(200)])


def settle(layer: Layer, inputs: Tensor) -> None:
    """Set the statistics of the normalisation to those of ``inputs``, as in a trained layer."""
    layer.norm.momentum = None  # the mean over all batches
    layer.norm.reset_running_stats()
    layer.train()
    with torch.no_grad():
        for chunk in inputs.split(200):
            layer.norm(chunk)


def read_out(
    train: Tensor, labels: Tensor, *, epochs: int, generator: torch.Generator
) -> nn.Module:
    """Train a linear classifier on flattened features."""
    width = train.shape[1]
    readout = nn.Sequential(nn.Dropout(0.5), nn.Linear(width, 10))
    optimiser = torch.optim.Adam(readout.parameters(), lr=1e-3)
    for epoch in range(epochs):
        for group in optimiser.param_groups:
            group["lr"] = 1e-3 * 0.5 ** (epoch * 5 // epochs)
        for index in torch.randperm(len(train), generator=generator).split(64):
            optimiser.zero_grad()
            nn.functional.cross_entropy(readout(train[index]), labels[index]).backward()
            optimiser.step()
    return readout.eval()


def accuracies(
    parts: Sequence[Images], *, widths: Sequence[int], passes: int, epochs: int, seed: int
) -> list[float]:
    """Accuracies on the second part after one layer, two layers, ...; 0 passes: random weights."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    train, validation = (unit_pixels(part.pixels) for part in parts)
    found = []
    channels = [train.shape[1], *widths]
    for place in range(len(widths)):
        layer = Layer(channels[place], channels[place + 1], place=place)
        connect(layer, seed=seed)
        learn(layer, train, passes=passes, batch=10, generator=generator)
        settle(layer, train)
        train, validation = features(layer, train), features(layer, validation)
        train, validation = train / train.std(), validation / train.std()
        readout = read_out(train.flatten(1), parts[0].labels, epochs=epochs, generator=generator)
        with torch.no_grad():
            right = readout(validation.flatten(1)).argmax(1) == parts[1].labels
        found.append(float(right.float().mean()))
    return found


def main() -> None:
    """Train and evaluate both networks for each seed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data-dir", type=Path, default=default_data_dir())
    parser.add_argument("--images", type=int, default=5000)
    parser.add_argument("--widths", nargs="+", type=int, default=[64, 128])
    parser.add_argument("--passes", type=int, default=3, help="unsupervised passes")
    parser.add_argument("--epochs", type=int, default=20, help="epochs of the readout")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    for label, passes in (("SoftHebb", chosen.passes), ("random", 0)):
        rows = []
        for seed in chosen.seeds:
            data = load_search_data(
                "cifar10", data_dir=chosen.data_dir, seed=seed, num_images=chosen.images
            )
            rows.append(
                accuracies(
                    (data.train, data.validation), widths=chosen.widths, passes=passes,
                    epochs=chosen.epochs, seed=seed,
                )
            )  # fmt: skip
        for place, values in enumerate(zip(*rows, strict=True)):
            spread = f" ± {100 * statistics.stdev(values):.1f}" if len(values) > 1 else ""
            print(
                f"{label}, {place + 1} layers: {100 * statistics.mean(values):.1f}{spread} %",
                flush=True,
            )


if __name__ == "__main__":
    main()
