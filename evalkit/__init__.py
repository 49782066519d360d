"""evalkit: outcomes evaluation for Claude Managed Agents."""

__version__ = "0.1.0"
