"""The rubric: Markdown that is sent to the grader, the criteria in it, and what the grader's words say about them."""
