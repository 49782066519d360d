"""Tables and their renderings: pure functions of records. The only room that imports tabulate and pandas."""
