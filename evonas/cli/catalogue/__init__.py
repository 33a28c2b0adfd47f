"""The available spaces, rules, objectives, engines and data sets."""
