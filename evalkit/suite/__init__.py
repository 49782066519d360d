"""A suite: what a person writes, and the trials that it means."""
