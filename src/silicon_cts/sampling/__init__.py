"""With which inputs: from a recipe to the same sample in any process, and what is observed of it."""
