"""Runs a plan of trials to its end: several at once, each a straight line of calls into other rooms."""
