"""What belongs to the machine."""

from pathlib import Path

import pytest

from evalkit.errors import SettingsError
from evalkit.settings import Secret, load_settings, project_root


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "suites").mkdir()
    (tmp_path / "pyproject.toml").write_text('[tool.evalkit]\nreports = "runs"\nconcurrency = 3\n')
    return tmp_path


def test_a_flag_goes_over_the_environment_over_the_project_over_the_default(project: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare" / "rubrics"
    bare.mkdir(parents=True)

    assert load_settings(bare.parent, environ={}).reports == bare.parent / "reports"
    assert load_settings(project, environ={}).reports == project / "runs"
    assert load_settings(project, environ={"EVALKIT_REPORTS": "/x"}).reports == Path("/x")
    assert load_settings(project, reports=Path("/y"), environ={"EVALKIT_REPORTS": "/x"}).reports == Path("/y")
    assert load_settings(project, environ={"EVALKIT_CONCURRENCY": "5"}).concurrency == 5
    assert load_settings(project, concurrency=9, environ={"EVALKIT_CONCURRENCY": "5"}).concurrency == 9


@pytest.mark.parametrize(
    ("value", "is_ci"), [(None, False), ("", False), ("false", False), ("true", True), ("1", True)]
)
def test_ci_is_known_by_the_variable_every_service_sets(tmp_path: Path, value: str | None, is_ci: bool) -> None:
    assert load_settings(tmp_path, environ={} if value is None else {"CI": value}).is_ci is is_ci


def test_the_project_root_is_the_nearest_folder_that_looks_like_one(project: Path) -> None:
    assert project_root(project / "suites") == project


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[tool.evalkit]\nreport = 'x'\n", "no key 'report'"),
        ("[tool.evalkit]\nreports = 5\n", "found 5"),
        ("[tool.evalkit]\nconcurrency = 0\n", "found 0"),
        ("[tool.evalkit]\nconcurrency = true\n", "found True"),
        ("[tool]\nevalkit = 1\n", "must be a table"),
        ("not toml at all", "not readable as TOML"),
    ],
)
def test_a_wrong_project_setting_is_one_plain_line(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)

    with pytest.raises(SettingsError, match=words) as caught:
        load_settings(tmp_path, environ={})

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("number", ["many", "-1", "1001", "1.5", "²"])
def test_an_impossible_concurrency_is_refused(tmp_path: Path, number: str) -> None:
    with pytest.raises(SettingsError, match="whole number"):
        load_settings(tmp_path, environ={"EVALKIT_CONCURRENCY": number})


def test_a_key_shows_in_no_repr(tmp_path: Path) -> None:
    settings = load_settings(tmp_path, environ={"ANTHROPIC_API_KEY": "sk-ant-planted"})

    assert settings.api_key == Secret("sk-ant-planted")
    assert "planted" not in repr(settings)
    assert "planted" not in f"{settings.api_key} {settings.api_key!r}"


@pytest.mark.parametrize("address", ["host", "http://[::1", "ftp://host", "https://", "http://host:99999"])
def test_a_base_url_that_is_no_address_is_refused_without_being_repeated(tmp_path: Path, address: str) -> None:
    with pytest.raises(SettingsError, match="ANTHROPIC_BASE_URL: not an address"):
        load_settings(tmp_path, environ={"ANTHROPIC_BASE_URL": address})


def test_a_key_that_no_header_can_carry_is_refused_without_being_repeated(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="ANTHROPIC_API_KEY") as caught:
        load_settings(tmp_path, environ={"ANTHROPIC_API_KEY": "sk-ant-sécret"})

    assert "cret" not in str(caught.value)
