"""How passes over patterns grow: what `benchmarks.scaling_study` measures, fits and predicts."""
