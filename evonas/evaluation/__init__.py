"""Evaluation: data, training, attacks, objectives; genome in, record out."""
