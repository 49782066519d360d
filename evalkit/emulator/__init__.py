"""A local server that speaks the Managed Agents API. Imports nothing of evalkit but `sandbox`; met only over HTTP."""
