"""How fast is it, and slower than before? Clocks, figures, baselines that belong to a machine, statistics, the gate."""
