"""Every kind of attack, with few steps."""

from evonas.evaluation.attacks.attackers import (
    Apgd,
    ApgdTargeted,
    Fgsm,
    OnePixel,
    Pgd,
    Square,
    Tpgd,
)
from evonas.evaluation.attacks.suite import NamedAttack

EPSILON = 0.1
QUICK = (
    NamedAttack("fgsm", Fgsm()),
    NamedAttack("pgd", Pgd(num_steps=3, num_restarts=2)),
    NamedAttack("tpgd", Tpgd(num_steps=3)),
    NamedAttack("apgd", Apgd(num_steps=5, loss="dlr")),
    NamedAttack("apgd-t", ApgdTargeted(num_steps=3, num_targets=2, num_restarts=2)),
    NamedAttack("square", Square(num_queries=30)),
    NamedAttack("one-pixel", OnePixel(num_pixels=1, population=8, num_generations=3)),
)
NAMES = [attack.name for attack in QUICK]
