"""A network as one Python module that needs torch and safetensors, but not evonas."""

from typing import Any

import torch
from torch import Tensor
from torch.export import ExportedProgram
from torch.fx import Node

_HEADER = '''"""{title}

Images, float (N, {shape}) in [0, 1], to logits (N, {num_classes}). The normalisation is inside.
Written by evonas {version}. It needs torch and safetensors, and the file of weights next to it.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file

aten = torch.ops.aten
CLASS_NAMES = {class_names}


class Network(torch.nn.Module):
    """A trained network, for predictions."""

    def __init__(self, weights=Path(__file__).with_suffix(".weights.safetensors")):
        super().__init__()
        for name, value in load_file(weights).items():
            self.register_buffer(name.replace(".", "_"), value)

    def forward(self, images):
'''


def python_source(
    program: ExportedProgram,
    *,
    title: str,
    shape: tuple[int, int, int],
    num_classes: int,
    class_names: tuple[str, ...],
    version: str,
) -> tuple[str, dict[str, Tensor]]:
    """The text of the module, and its weights by name.

    Args:
        program: program of the network, with one input and one output.
        title: title of the module.
        shape: channels, height and width of an image.
        num_classes: number of classes.
        class_names: may be empty.
        version: version of evonas.
    """
    signature = program.graph_signature
    homes = {**signature.inputs_to_parameters, **signature.inputs_to_buffers}
    names: dict[str, str] = {}
    weights: dict[str, Tensor] = {}
    lines: list[str] = []
    for node in program.graph.nodes:
        if node.op == "placeholder" and node.name in homes:
            home = homes[node.name]
            names[node.name] = f"self.{home.replace('.', '_')}"
            if node.users:
                weights[home] = _tensor(program, home)
        elif node.op == "placeholder":
            names[node.name] = "images"
        elif node.op == "call_function":
            names[node.name] = node.name
            lines.append(f"{node.name} = {_call(node, names)}")
        elif node.op == "output":
            (logits,) = node.args[0]
            lines.append(f"return {names[logits.name]}")
    text = _HEADER.format(
        title=title,
        shape=", ".join(map(str, shape)),
        num_classes=num_classes,
        class_names=list(class_names),
        version=version,
    )
    return text + "".join(f"        {line}\n" for line in lines), weights


def _tensor(program: ExportedProgram, name: str) -> Tensor:
    state: dict[str, Any] = {**program.constants, **program.state_dict}
    tensor: Tensor = state[name]
    return tensor.detach().clone().contiguous()


def _call(node: Node, names: dict[str, str]) -> str:
    target = node.target
    if not isinstance(target, torch._ops.OpOverload) or target.namespace != "aten":
        raise ValueError(f"an operation that is not torch's own: {target}")
    arguments = [_written(each, names) for each in node.args]
    arguments += [f"{name}={_written(each, names)}" for name, each in node.kwargs.items()]
    return f"{target}({', '.join(arguments)})"


def _written(value: Any, names: dict[str, str]) -> str:
    if isinstance(value, Node):
        return names[value.name]
    if isinstance(value, list | tuple):
        return f"[{', '.join(_written(each, names) for each in value)}]"
    return repr(value)
