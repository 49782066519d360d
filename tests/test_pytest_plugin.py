"""The plug-in, in a pytest of its own."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from hosted import hosted
from tiny_suite import write_suite

from evalkit import load_run
from evalkit.store.layout import run_folders

pytest_plugins = ["pytester"]


@pytest.fixture
def inner(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A pytest with our plug-in alone, installed or not."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p evalkit.pytest_plugin -p no:cacheprovider --strict-markers")
    return pytester


def suite(inner: pytest.Pytester, **changes: Any) -> Path:
    return write_suite(inner.path / "project", **changes)


def test_a_suite_that_is_named_is_run_each_trial_an_item(inner: pytest.Pytester) -> None:
    path = suite(inner, suite={"defaults": {"trials": 3}})

    done = inner.runpytest("-v", path)

    done.assert_outcomes(passed=3)
    done.stdout.fnmatch_lines(["*tiny.yaml::report#0 PASSED*", "*tiny.yaml::report#2 PASSED*"])
    assert len(run_folders(path.parents[1] / "reports")) == 1


def test_a_trial_that_is_not_ok_fails_with_its_reason(inner: pytest.Pytester) -> None:
    done = inner.runpytest(suite(inner, report="a,b\n1,2\n"))

    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["*check rows*", "evalkit show *-tiny-* report/base#0"])
    done.stdout.no_fnmatch_line("*Traceback*")


def test_a_trial_that_could_not_be_measured_is_an_error_and_no_failure(inner: pytest.Pytester) -> None:
    done = inner.runpytest(suite(inner, session={"match": {"metadata": {"evalkit_task": "report"}}, "faults": LOST}))

    done.assert_outcomes(errors=1)


LOST = [{"status": 400, "on": "create_session", "times": 9}]


def test_only_the_trials_that_were_chosen_are_run(inner: pytest.Pytester) -> None:
    path = suite(inner, suite={"defaults": {"trials": 3}})

    done = inner.runpytest(f"{path}::report#1")

    done.assert_outcomes(passed=1)
    (folder,) = run_folders(path.parents[1] / "reports")
    assert [trial.spec.repeat for trial in load_run(folder).trials] == [1]


@pytest.mark.slow
def test_several_processes_run_each_trial_once(inner: pytest.Pytester) -> None:
    path = suite(inner, suite={"defaults": {"trials": 3}})

    done = inner.runpytest("-p", "xdist", "-n", "2", path)

    done.assert_outcomes(passed=3)
    runs = [load_run(folder) for folder in run_folders(path.parents[1] / "reports")]
    assert sorted(trial.spec.repeat for run in runs for trial in run.trials) == [0, 1, 2]


def test_a_wrong_suite_is_an_error_of_collection_with_its_problems(inner: pytest.Pytester) -> None:
    done = inner.runpytest(suite(inner, task={"trials": 0}))

    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["*tiny.yaml:*trials: 0; write a whole number*"])


def test_a_suite_that_is_not_named_is_left_alone(inner: pytest.Pytester) -> None:
    suite(inner)

    assert inner.runpytest(inner.path).ret is pytest.ExitCode.NO_TESTS_COLLECTED


def test_another_yaml_file_is_left_alone(inner: pytest.Pytester) -> None:
    other = inner.path / "compose.yaml"
    other.write_text("services: {}\n")

    inner.runpytest(other).assert_outcomes()


@pytest.mark.slow
def test_the_backend_is_chosen_by_the_option_alone(inner: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    path = suite(inner)
    with hosted(monkeypatch, path.parent / "tiny" / "scenario.yaml") as server:
        inner.runpytest(path).assert_outcomes(passed=1)
        before = server.requests
        inner.runpytest(path, "--evalkit-backend", "anthropic").assert_outcomes(passed=1)
        after = server.requests

    assert before == ()
    assert len(after) > 5


def test_the_fixture_is_an_emulator_that_plays_the_marked_scenario(inner: pytest.Pytester) -> None:
    scenario = suite(inner).parent / "tiny" / "scenario.yaml"
    shutil.copytree(scenario.parent, inner.path / "stage")
    inner.makepyfile(
        """
        import anthropic, pytest

        def test_bare(managed_agents):
            with anthropic.Anthropic(base_url=managed_agents.base_url, api_key="any") as client:
                assert list(client.beta.agents.list()) == []
            assert len(managed_agents.requests) == 1

        @pytest.mark.managed_agents(scenario="stage/scenario.yaml", time_scale=0)
        def test_staged(managed_agents):
            with anthropic.Anthropic(base_url=managed_agents.base_url, api_key="any") as client:
                agent = client.beta.agents.create(name="x", model="claude-haiku-4-5", tools=[TOOLS])
                box = client.beta.environments.create(name="x")
                session = client.beta.sessions.create(
                    agent=agent.id, environment_id=box.id, metadata={"evalkit_task": "report"}
                )
                with client.beta.sessions.events.stream(session.id) as stream:
                    client.beta.sessions.events.send(session.id, events=[OUTCOME])
                    results = [event.result for event in until_idle(stream) if "evaluation_end" in event.type]
            assert results == ["satisfied"]

        def until_idle(stream):
            for event in stream:
                yield event
                if event.type == "session.status_idle":
                    return

        TOOLS = {"type": "agent_toolset_20260401"}
        OUTCOME = {
            "type": "user.define_outcome",
            "description": "Write report.csv",
            "rubric": {"type": "text", "content": "- [R1] Rows. Three.\\n- [R2] Columns. Two.\\n"},
        }

        @pytest.mark.managed_agents(scenario="nowhere.yaml")
        def test_missing(managed_agents):
            raise AssertionError("never reached")
        """
    )

    done = inner.runpytest()

    done.assert_outcomes(passed=2, errors=1)
    done.stdout.fnmatch_lines(["*nowhere.yaml*"])
