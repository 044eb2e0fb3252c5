"""How large are the models and their batches? Fifty steps take seconds."""

BATCH = 16
FEATURES = 20
CLASSES = 4
CHANNELS = 3
SIDE = 12
STEPS = 10
WORDS = 24
WIDTH = 16
HEADS = 2
CACHE = 9
TEXT = 6
