"""How long do backends take that run programs alone: Core AI, Core ML? One file a family, named in ``table``.

A program is timed stage by stage, from export to call after call, in a process that may die of it (``timed``).
"""
