"""Mirrors: copies of a run in the stores of other tools (Optuna, TensorBoard, MLflow).

A mirror reads the run and writes elsewhere, so it can neither harm nor delay a search. It checks
the content of the store before it writes, so it can be killed and restarted.
"""
