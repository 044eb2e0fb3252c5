"""Small models that are built as people build large ones: layers, seeded weights, a task that can be learnt.

``table`` lists them and imports no torch; the other files are imported when a model or a batch is made.
"""
