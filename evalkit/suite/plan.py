"""The trials that a suite means, each with a key made of everything that can change what is measured.

In the key: agent body and model (of a deployed agent its id, version and overrides), description, input names and
bytes, deliverables, environment config, sources of tool handlers, permissions, what else sessions are opened with,
rubric as sent (or its id at the provider), `max_iterations`, backend (with the scenario, its seed included), task id,
variant, repeat. Not in it: checks, because re-scoring keeps the trial; tags, timeouts, budget and the number of trials,
because they change no trial that ran to its end.
"""

from collections.abc import Iterator
from dataclasses import replace

from evalkit.suite.content_hash import hash_of
from evalkit.suite.model import Backend, Environment, SessionExtras, Suite, Task, TrialPlan, Variant
from evalkit.trial.model import Hashes, TrialSpec


def plan_trials(suite: Suite, *, version: str, commit: str | None, scenario_hash: str | None) -> tuple[TrialPlan, ...]:
    """Every trial of `suite`, by task, then variant, then repeat, all in file order.

    `version` is evalkit's, `commit` the project's. `scenario_hash` is of the scenario that the emulator plays; it is
    part of nothing where the backend is another.
    """
    scenario = scenario_hash if suite.backend is Backend.EMULATOR else None
    return tuple(_plans(suite, version, commit, scenario))


def task_hash(task: Task, environment: Environment, session: SessionExtras) -> str:
    """SHA-256, hex, of what the agent is given: words, input bytes, names asked for, container, answers, resources."""
    return hash_of(
        {
            "description": task.description,
            "inputs": [[item.mount_as, item.sha256] for item in task.inputs],
            "deliverables": list(task.deliverables),
            "environment": environment.body.get("config") if environment.id is None else {"id": environment.id},
            "tools": {handler.name: handler.sha256 for handler in task.tools},
            "permissions": [
                [rule.tool, [list(match) for match in rule.matches], rule.answer.value, rule.message]
                for rule in task.permissions
            ],
            "vaults": list(session.vault_ids),
            # A token is renewed every few hours, and opens the same repository.
            "resources": [{key: value for key, value in item.items() if key != _TOKEN} for item in session.resources],
        },
    )


def _price_terms(variant: Variant) -> str:
    """What the agent file asks of its model that has a price of its own: faster answers, a place to be computed in."""
    model = variant.agent_body.get("model")
    if not isinstance(model, dict):
        return ""
    speed = "fast" if model.get("speed") == "fast" else ""
    return f"{speed} {model.get('inference_geo') or ''}".strip()


_TOKEN = "authorization_token"  # noqa: S105  # the name of a key


def trial_key(suite: Suite, task: Task, variant: Variant, repeat: int, scenario: str | None) -> str:
    """SHA-256, hex, of everything that makes this trial this trial."""
    model = variant.agent_body.get("model")
    return hash_of(
        {
            "agent": variant.agent_hash,
            # `model: x` and `model: {id: x}` ask for the same; effort and speed are part of what is measured.
            "model": model if isinstance(model, dict) else {"id": model},
            "task": task_hash(task, suite.environment, suite.session),
            "rubric": task.rubric_file_id or task.rubric.sha256,
            "max_iterations": task.max_iterations,
            "backend": suite.backend.value,
            "scenario": scenario,
            "task_id": task.id,
            "variant": variant.name,
            "repeat": repeat,
        },
    )


def _plans(suite: Suite, version: str, commit: str | None, scenario: str | None) -> Iterator[TrialPlan]:
    for task in suite.tasks:
        for variant in suite.variants:
            for repeat in range(task.trials):
                spec = _spec(suite, task, variant, repeat, scenario)
                spec = replace(spec, evalkit=version, commit=commit)
                metadata = {
                    "evalkit_task": task.id,
                    "evalkit_variant": variant.name,
                    "evalkit_repeat": str(repeat),
                    "evalkit_key": spec.key,
                }
                yield TrialPlan(
                    spec=spec,
                    task=task,
                    variant=variant,
                    environment=suite.environment,
                    session=suite.session,
                    session_metadata=metadata,
                )


def _spec(suite: Suite, task: Task, variant: Variant, repeat: int, scenario: str | None) -> TrialSpec:
    return TrialSpec(
        key=trial_key(suite, task, variant, repeat, scenario),
        suite=suite.name,
        task=task.id,
        variant=variant.name,
        repeat=repeat,
        backend=suite.backend.value,
        simulated=suite.backend is Backend.EMULATOR,
        model=variant.model,
        terms=_price_terms(variant),
        max_iterations=task.max_iterations,
        hashes=Hashes(
            agent=variant.agent_hash,
            task=task_hash(task, suite.environment, suite.session),
            rubric=task.rubric.sha256 if task.rubric_file_id is None else None,
            checks=task.checks_hash,
            scenario=scenario,
        ),
        description=task.description,
        rubric_text=task.rubric.sent if task.rubric_file_id is None else None,
        criteria=task.rubric.criteria,
        deliverables=task.deliverables,
        inputs=tuple(item.mount_as for item in task.inputs),
        checks=task.checks,
        tags=task.tags,
        timeout_s=task.timeout_s,
        budget_usd=task.budget_usd,
    )
