"""``robust``: the share of images that are still classified correctly under attack."""

from evonas.errors import MaskedAttack
from evonas.evaluation.objectives.objective import Subject


def measure_robustness(subject: Subject) -> float:
    """Robust accuracy on the attacked images, in [0, 1].

    Raises:
        MaskedAttack: the attack had no gradient to follow, or a wrong one.
    """
    from evonas.evaluation.attacks.robustness import robust_accuracy

    result = robust_accuracy(
        subject.network,
        subject.attacked,
        epsilon=subject.epsilon,
        noise_seed=subject.attack_seed,
    )
    if result.is_masked:
        if result.zero_gradient_share == 1:
            raise MaskedAttack(
                "the loss has no gradient on any image: the network's output does not depend on "
                "the image, or it is saturated"
            )
        raise MaskedAttack(
            f"the attack could not work: gradient error {result.gradient_honesty:.2g}, no "
            f"gradient on {result.zero_gradient_share:.0%} of the images"
        )
    return result.value
