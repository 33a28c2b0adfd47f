"""What is trained in a candidate's place, as a control: another network, the same seeds."""
