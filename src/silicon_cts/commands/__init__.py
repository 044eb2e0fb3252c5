"""What can be asked of runs and benchmarks outside of pytest? One file a subcommand; heavy imports inside its function.

A file has ``add``, which gives its subcommand to the parser, and the function that the subcommand calls.
"""
