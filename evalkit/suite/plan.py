"""The trials that a suite means, each with a key made of everything that can change what is measured.

In the key: agent body and model, description, input names and bytes, deliverables, environment config, rubric as sent,
`max_iterations`, backend (with the scenario, its seed included), task id, variant, repeat. Not in it: checks, because
re-scoring keeps the trial; tags, timeout, budget and the number of trials, because they change no trial that ran to its
end.
"""

from collections.abc import Iterator
from dataclasses import replace

from evalkit.suite.content_hash import hash_of
from evalkit.suite.model import Backend, Environment, Suite, Task, TrialPlan, Variant
from evalkit.trial.model import Hashes, TrialSpec


def plan_trials(suite: Suite, *, version: str, commit: str | None, scenario_hash: str | None) -> tuple[TrialPlan, ...]:
    """Every trial of `suite`, by task, then variant, then repeat, all in file order.

    `version` is evalkit's, `commit` the project's. `scenario_hash` is of the scenario that the emulator plays; it is
    part of nothing where the backend is another.
    """
    scenario = scenario_hash if suite.backend is Backend.EMULATOR else None
    return tuple(_plans(suite, version, commit, scenario))


def task_hash(task: Task, environment: Environment) -> str:
    """SHA-256, hex, of what the agent is given: the words, the input bytes, the names asked for, the container."""
    return hash_of(
        {
            "description": task.description,
            "inputs": [[item.mount_as, item.sha256] for item in task.inputs],
            "deliverables": list(task.deliverables),
            "environment": environment.body.get("config"),
        },
    )


def trial_key(suite: Suite, task: Task, variant: Variant, repeat: int, scenario: str | None) -> str:
    """SHA-256, hex, of everything that makes this trial this trial."""
    model = variant.agent_body["model"]
    return hash_of(
        {
            "agent": variant.agent_hash,
            # `model: x` and `model: {id: x}` ask for the same; effort and speed are part of what is measured.
            "model": model if isinstance(model, dict) else {"id": model},
            "task": task_hash(task, suite.environment),
            "rubric": task.rubric.sha256,
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
        max_iterations=task.max_iterations,
        hashes=Hashes(
            agent=variant.agent_hash,
            task=task_hash(task, suite.environment),
            rubric=task.rubric.sha256,
            checks=task.checks_hash,
            scenario=scenario,
        ),
        description=task.description,
        rubric_text=task.rubric.sent,
        criteria=task.rubric.criteria,
        deliverables=task.deliverables,
        inputs=tuple(item.mount_as for item in task.inputs),
        checks=task.checks,
        tags=task.tags,
        timeout_s=task.timeout_s,
        budget_usd=task.budget_usd,
    )
