-- One run. JSON columns hold what the types in trial/model.py hold; nothing derived is stored.
CREATE TABLE run (
  id         TEXT PRIMARY KEY,
  spec       TEXT NOT NULL,            -- store.codec.RunSpec
  started_at TEXT NOT NULL,
  ended_at   TEXT
) STRICT;

CREATE TABLE trial (
  key      TEXT PRIMARY KEY,
  position INTEGER NOT NULL UNIQUE,    -- plan order
  spec     TEXT NOT NULL               -- trial.model.TrialSpec
) STRICT;

CREATE TABLE attempt (
  key       TEXT NOT NULL REFERENCES trial (key),
  number    INTEGER NOT NULL,          -- 1-based
  opened_at TEXT NOT NULL,
  session   TEXT,                      -- trial.model.SessionRecord, durable before the outcome is sent
  closing   TEXT,                      -- trial.record.Closing; NULL while open
  closed_at TEXT,
  next      TEXT,                      -- store.attempts.Next, what the runner decided at the close; NULL while open
  PRIMARY KEY (key, number)
) STRICT;

CREATE TABLE event (
  key      TEXT NOT NULL,
  number   INTEGER NOT NULL,
  id       TEXT NOT NULL,              -- the API's event id, or a digest of an event without one
  position INTEGER NOT NULL,           -- order of arrival
  queued   INTEGER NOT NULL,           -- 1 while the event had no processed_at
  raw      TEXT NOT NULL,              -- as the API sent it, keys sorted
  PRIMARY KEY (key, number, id),
  FOREIGN KEY (key, number) REFERENCES attempt (key, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE thread (                  -- child threads: other agents at work in the session
  key    TEXT NOT NULL,
  number INTEGER NOT NULL,
  id     TEXT NOT NULL,
  raw    TEXT NOT NULL,                -- the API's session_thread, after the session settled
  events TEXT NOT NULL,                -- its own event list, a JSON list
  PRIMARY KEY (key, number, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE listing (
  key     TEXT NOT NULL,
  number  INTEGER NOT NULL,
  moment  TEXT NOT NULL,               -- the id of the event that ended an evaluation, or 'final' (after it settled)
  files   TEXT NOT NULL,               -- the Files API's metadata, a JSON list
  PRIMARY KEY (key, number, moment)
) STRICT, WITHOUT ROWID;

CREATE TABLE artifact (
  key        TEXT NOT NULL,
  number     INTEGER NOT NULL,
  name       TEXT NOT NULL,
  sha256     TEXT NOT NULL,            -- artifacts/ab/abcd…
  size_bytes INTEGER NOT NULL,
  media_type TEXT,
  rebuilt    INTEGER NOT NULL,         -- 1: from write and edit events, not downloaded
  PRIMARY KEY (key, number, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE check_result (
  key      TEXT NOT NULL,
  number   INTEGER NOT NULL,
  position INTEGER NOT NULL,
  result   TEXT NOT NULL,              -- checks.result.CheckResult
  PRIMARY KEY (key, number, position)
) STRICT, WITHOUT ROWID;
