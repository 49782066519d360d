"""One trial: what its events mean. Pure; the only room that knows the names on the wire."""
