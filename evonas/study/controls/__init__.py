"""Controls: networks trained for comparison with a run's network, at equal budget and seeds."""
