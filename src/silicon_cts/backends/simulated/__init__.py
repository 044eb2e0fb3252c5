"""An accelerator that does not exist: eager CPU, with or without a fault."""
