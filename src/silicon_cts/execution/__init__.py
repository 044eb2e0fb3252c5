"""How it runs without taking us down: a worker process, a deadline for every stage, an outcome whatever happens."""
