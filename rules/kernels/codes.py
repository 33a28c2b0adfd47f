"""The rules that are a feedback tensor in the place of the weight, as numbers in a table."""

CODES = {"bp": 0, "fa": 1, "usf": 2, "frsf": 3, "brsf": 4, "kp": 5}
