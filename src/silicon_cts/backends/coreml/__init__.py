"""Core ML: samples converted with coremltools, evaluated here or run and placed on a Mac."""
