"""The codes of the rules whose feedback tensor a kernel computes."""

CODES = {"bp": 0, "fa": 1, "usf": 2, "frsf": 3, "brsf": 4, "kp": 5}
