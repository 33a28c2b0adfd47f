"""Evaluation of candidates: data, training, attacks and objectives; a genome in, a record out."""
