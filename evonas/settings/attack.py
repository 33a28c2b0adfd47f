"""Settings: how a candidate is attacked."""

from dataclasses import dataclass

from evonas.settings.setting import setting, unset


@dataclass(frozen=True)
class AttackSettings:
    """How a candidate is attacked."""

    epsilon: str = setting(
        "Radius of the attack (L-infinity).",
        default=unset("the data set's own"),
        unit="share of the pixel range",
        example="1/255",
    )
    attacked_images: int = setting(
        "Maximum number of validation images to attack.", default=1000, unit="images", at_least=1
    )
    audit_images: int = setting(
        "After the search, if robust is an objective: maximum number of images on which each "
        "network of the front is audited by stronger attacks; 0 for no audit.",
        default=256,
        unit="images",
        at_least=0,
    )
