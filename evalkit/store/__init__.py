"""What a run leaves on disk, and how it is read back.

    reports/<run-id>/
      run.sqlite            one row a trial, one row an attempt, one row an event; WAL, STRICT tables
      artifacts/ab/abcd…    delivered bytes by SHA-256, written before any row names them
      run.lock              held by the process that writes the run

Nothing derived is stored: verdicts, costs and tables are folds over the events, so a better fold improves old reports.
The only room that imports sqlite3 (besides the emulator's journal).
"""
