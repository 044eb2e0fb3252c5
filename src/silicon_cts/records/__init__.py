"""What is kept: records in a run folder, the fingerprint of the machine, and what is already known to be wrong."""
