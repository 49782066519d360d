"""The command line: parse, call one library function, render, return an exit code."""
