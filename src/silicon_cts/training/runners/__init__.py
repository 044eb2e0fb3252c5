"""On what does a training step run? One file a family of backends; ``table`` says which takes which name."""
