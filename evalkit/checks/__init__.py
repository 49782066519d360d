"""Our own deterministic look at delivered files. A check is a program that knows; the grader is a model that reads."""
