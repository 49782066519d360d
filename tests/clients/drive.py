"""One session through whatever `anthropic` this Python has, told as JSON: an older line of the SDK has other names."""

import json
import sys
from typing import Any

import anthropic

MANAGED = "managed-agents-2026-04-01"
OLD_FILES = "files-api-2025-04-14"


def main() -> None:
    base_url, rubric, task = sys.argv[1:]
    client: Any = anthropic.Anthropic(base_url=base_url, api_key="another-key", max_retries=0)
    beta = client.beta
    upload = beta.files.upload(file=("in.txt", b"input", "text/plain"))
    agent = beta.agents.create(name="a", model="claude-sonnet-5-5", tools=[{"type": "agent_toolset_20260401"}])
    environment = beta.environments.create(name=f"environment of {anthropic.__version__}")
    session = beta.sessions.create(
        agent=agent.id,
        environment_id=environment.id,
        metadata={"evalkit_task": task},
        resources=[{"type": "file", "file_id": upload.id}],
    )
    definition = {
        "type": "user.define_outcome",
        "description": "Write table.csv",
        "rubric": {"type": "text", "content": rubric},
        "max_iterations": 3,
    }
    streamed: list[Any] = []
    with beta.sessions.events.stream(session.id) as stream:
        beta.sessions.events.send(session.id, events=[definition])
        for event in stream:
            streamed.append(event)
            if event.type == "session.status_idle":
                break
    listed = list(beta.sessions.events.list(session.id))
    # Older lines drop stream events whose names they do not know, with any server; their lists have them all.
    known = {event.type for event in streamed}
    files = list(beta.files.list(scope_id=session.id, betas=[MANAGED]))
    outputs = [file for file in files if file.downloadable]
    sys.stdout.write(
        json.dumps(
            {
                "version": anthropic.__version__,
                "same_events": [e.id for e in streamed] == [e.id for e in listed if e.type in known],
                "left_out": sorted({event.type for event in listed} - known),
                "last": streamed[-1].type,
                "verdicts": [event.result for event in streamed if event.type == "span.outcome_evaluation_end"],
                "outcome": beta.sessions.retrieve(session.id).outcome_evaluations[0].result,
                "files": sorted(file.filename for file in files),
                "contents": [beta.files.download(file.id).read().decode() for file in outputs],
            }
        )
    )


main()
