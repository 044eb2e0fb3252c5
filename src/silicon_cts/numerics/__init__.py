"""Is it right: oracle, error budget, comparison, verdict."""
