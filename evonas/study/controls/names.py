"""Names of controls in the journal, in tables and in pictures."""

KIND = "control"
"""The kind of findings that are trainings of controls."""

CONTROLS_FOLDER = "controls"
"""The folder of their tables in the folder of a run."""

NETWORK = "network"
"""The network itself; its trainings are its confirmations."""

TWIN = "all bp"
UNTRAINED = "untrained convolutions"
RANDOM = "random rules"
SHUFFLED = "shuffled rules"
ARCHITECTURE = "random architecture"
GROUPS = (RANDOM, SHUFFLED, ARCHITECTURE)
"""Controls with several numbered members: samples of one kind of network."""


def single_rule(rule: str) -> str:
    """The control with this rule in every layer."""
    return f"all {rule}"


def group_of(name: str) -> str:
    """The group of a control; its own name if it is in none."""
    for group in GROUPS:
        if name.removeprefix(f"{group} ").isdecimal():
            return group
    return name
