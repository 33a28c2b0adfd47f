"""What there is to choose from: spaces, rules, objectives, engines and data sets."""
