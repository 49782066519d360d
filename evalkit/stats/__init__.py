"""Intervals, tests and plans: pure functions of numbers, and the only room that imports scipy.

    estimate       the values every method returns, and the refusal to invent one
    counts         what is counted: successes and trials by task
    mean           Student's interval for a mean
    proportion     one run: pass rate, pass@k, pass^k, all with cluster-Wilson intervals
    paired         two runs on one suite: the gate's interval, and the interval for new tasks
    exact          exact p-values: the suite, one task, unequal losses
    multiplicity   Holm and Benjamini-Hochberg
    ratio          cost, iterations, time: candidate over baseline
    drift          how much days differ, and what that adds to a comparison
    sequential     looks before the end: O'Brien-Fleming spending
    agreement      a grader against the truth, against another, against itself
    corrected      a pass rate freed of the grader's errors
    power          how many trials, how small a drop: formulas
    simulation     the same by drawing runs and asking the real interval

What is counted, and what must never be (a trial that could not be measured is no failure), is decided by the caller.
Every comparison is candidate minus baseline, or candidate over baseline. Rates are macro averages: a task counts
once, however many of its trials were lost. Only `scipy.special` and `scipy.optimize` are imported: `scipy.stats`
would add more than half a second to the start of every report.
"""
