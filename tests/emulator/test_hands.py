import asyncio
import hashlib
import os
from pathlib import Path

import pytest

from evalkit.emulator.hands import Delivery, Hands, HandsError, ToolOutcome
from evalkit.emulator.script import Files, Make

MAKE = """\
import sys
from pathlib import Path
inputs, outputs, *flaws = sys.argv[1:]
(Path(outputs) / "sub").mkdir()
(Path(outputs) / "a.txt").write_text(" ".join([Path(inputs, "in.txt").read_text(), *flaws]))
(Path(outputs) / "sub/b.bin").write_bytes(bytes(range(256)))
"""


@pytest.fixture
def hands(tmp_path: Path) -> Hands:
    made = Hands(tmp_path / "session")
    made.mount("/mnt/session/uploads/in.txt", b"input")
    return made


def call(hands: Hands, tool: str, **tool_input: object) -> ToolOutcome:
    return asyncio.run(hands.call(tool, tool_input))


def deliver(hands: Hands, tmp_path: Path, script: str = MAKE, flaws: frozenset[str] = frozenset()) -> Delivery:
    path = tmp_path / "make.py"
    path.write_text(script, "utf-8")
    return asyncio.run(hands.deliver(Make(script=path), flaws=flaws))


def test_a_draft_is_really_written_with_its_flaws_in_order(hands: Hands, tmp_path: Path) -> None:
    delivery = deliver(hands, tmp_path, flaws=frozenset({"z", "a"}))

    assert delivery.failed is None
    assert [(file.path, file.content[:9]) for file in delivery.files] == [
        ("/mnt/session/outputs/a.txt", b"input a z"),
        ("/mnt/session/outputs/sub/b.bin", bytes(range(9))),
    ]
    assert (tmp_path / "session/mnt/session/outputs/a.txt").read_bytes() == b"input a z"


def test_outputs_are_described_as_they_are_now(hands: Hands, tmp_path: Path) -> None:
    deliver(hands, tmp_path)
    real = tmp_path / "session/mnt/session/outputs/a.txt"
    real.write_bytes(b"swapped")
    os.utime(real, ns=(1, 5))
    first, second = hands.outputs()

    assert (first.name, first.path, first.size_bytes, first.modified_ns) == (
        "a.txt",
        "/mnt/session/outputs/a.txt",
        7,
        5,
    )
    assert first.sha256 == hashlib.sha256(b"swapped").hexdigest()
    assert (second.name, second.path) == ("b.bin", "/mnt/session/outputs/sub/b.bin")


def test_links_in_the_outputs_are_no_deliverables(hands: Hands, tmp_path: Path) -> None:
    (tmp_path / "session/mnt/session/outputs/passwd").symlink_to("/etc/passwd")

    assert hands.outputs() == ()


def test_a_later_draft_replaces_the_one_before(hands: Hands, tmp_path: Path) -> None:
    deliver(hands, tmp_path)
    deliver(hands, tmp_path, "import sys, pathlib\n(pathlib.Path(sys.argv[2]) / 'c.txt').write_text('c')\n")

    assert [file.name for file in hands.outputs()] == ["c.txt"]


def test_files_are_delivered_from_a_folder(hands: Hands, tmp_path: Path) -> None:
    (tmp_path / "drafts/deep").mkdir(parents=True)
    (tmp_path / "drafts/deep/x.csv").write_bytes(b"a,b\n")
    delivery = asyncio.run(hands.deliver(Files(folder=tmp_path / "drafts"), flaws=frozenset()))

    assert [(file.path, file.content) for file in delivery.files] == [("/mnt/session/outputs/deep/x.csv", b"a,b\n")]
    assert [file.path for file in hands.outputs()] == ["/mnt/session/outputs/deep/x.csv"]


def test_a_script_that_breaks_is_told_and_leaves_the_outputs_alone(hands: Hands, tmp_path: Path) -> None:
    deliver(hands, tmp_path)
    delivery = deliver(hands, tmp_path, "import sys; sys.exit('no such flaw')", frozenset({"f"}))

    assert delivery.files == ()
    assert delivery.failed is not None
    assert delivery.failed.endswith("make.py: make f ended with status 1: no such flaw; correct the script")
    assert [file.name for file in hands.outputs()] == ["a.txt", "b.bin"]


def test_a_draft_of_nothing_is_no_failure(hands: Hands, tmp_path: Path) -> None:
    assert deliver(hands, tmp_path, "") == Delivery(files=(), failed=None)


def test_a_script_does_not_see_our_environment(hands: Hands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "a-secret")
    script = "import os, sys, pathlib\n(pathlib.Path(sys.argv[2]) / 'env').write_text(repr(dict(os.environ)))\n"
    delivery = deliver(hands, tmp_path, script)

    assert b"a-secret" not in delivery.files[0].content


def test_outputs_can_be_copied_for_someone_who_must_not_touch_them(hands: Hands, tmp_path: Path) -> None:
    deliver(hands, tmp_path)
    hands.copy_outputs(tmp_path / "copy")
    (tmp_path / "copy/a.txt").write_bytes(b"changed")

    assert sorted(path.name for path in (tmp_path / "copy").rglob("*.*")) == ["a.txt", "b.bin"]
    assert call(hands, "read", file_path="/mnt/session/outputs/a.txt").text == "1\tinput\n"


def test_read_numbers_the_lines(hands: Hands) -> None:
    hands.mount("/workspace/a.txt", "één\ntwo\n\nfour".encode())

    assert call(hands, "read", file_path="/workspace/a.txt") == ToolOutcome(
        text="1\téén\n2\ttwo\n3\t\n4\tfour\n", is_error=False
    )


@pytest.mark.parametrize(("view", "text"), [([2, 3], "2\tb\n3\tc\n"), ([3, -1], "3\tc\n4\td\n"), ([4, 9], "4\td\n")])
def test_read_shows_the_lines_asked_for(hands: Hands, view: list[int], text: str) -> None:
    hands.mount("/workspace/a.txt", b"a\nb\nc\nd\n")

    assert call(hands, "read", file_path="a.txt", view_range=view).text == text


def test_read_says_what_was_recorded_for_files_that_are_not_there(hands: Hands) -> None:
    assert call(hands, "read", file_path="/mnt/x.md") == ToolOutcome(
        text='awk: cannot open "/mnt/x.md" (No such file or directory)\n', is_error=True
    )
    assert call(hands, "read", file_path="/workspace") == ToolOutcome(
        text="awk: read error (Is a directory)\n", is_error=True
    )


def test_write_creates_the_file_and_its_folders(hands: Hands, tmp_path: Path) -> None:
    outcome = call(hands, "write", file_path="/mnt/session/outputs/new/a.txt", content="é")

    assert outcome == ToolOutcome(text="File created: /mnt/session/outputs/new/a.txt", is_error=False)
    assert (tmp_path / "session/mnt/session/outputs/new/a.txt").read_bytes() == "é".encode()


def test_edit_replaces_the_one_place(hands: Hands) -> None:
    hands.mount("/workspace/a.txt", b"one two")
    outcome = call(hands, "edit", file_path="/workspace/a.txt", old_string="two", new_string="2")

    assert outcome == ToolOutcome(text="File updated: /workspace/a.txt", is_error=False)
    assert call(hands, "read", file_path="/workspace/a.txt").text == "1\tone 2\n"


def test_edit_replaces_several_places_only_when_told(hands: Hands) -> None:
    hands.mount("/workspace/a.txt", b"x x")
    refused = call(hands, "edit", file_path="a.txt", old_string="x", new_string="y")
    call(hands, "edit", file_path="a.txt", old_string="x", new_string="y", replace_all=True)

    assert refused.is_error
    assert call(hands, "read", file_path="a.txt").text == "1\ty y\n"


@pytest.mark.parametrize("old", ["three", ""])
def test_edit_refuses_a_text_that_is_not_there(hands: Hands, old: str) -> None:
    hands.mount("/workspace/a.txt", b"one")

    assert call(hands, "edit", file_path="a.txt", old_string=old, new_string="x").is_error


def test_glob_finds_files_below_a_folder(hands: Hands) -> None:
    for name in ("a.py", "sub/b.py", "sub/c.txt"):
        hands.mount(f"/workspace/{name}", b"")

    assert call(hands, "glob", pattern="**/*.py").text == "/workspace/a.py\n/workspace/sub/b.py"
    assert call(hands, "glob", pattern="*", path="/workspace/sub").text == "/workspace/sub/b.py\n/workspace/sub/c.txt"
    assert call(hands, "glob", pattern="*.md").text == "No files found"


def test_grep_shows_place_and_line(hands: Hands) -> None:
    hands.mount("/workspace/a.txt", b"one\ntwo\n")
    hands.mount("/workspace/b.bin", b"\xfftwo")

    assert call(hands, "grep", pattern="^t.o$").text == "/workspace/a.txt:2:two\n"
    assert call(hands, "grep", pattern="one", path="/workspace/a.txt").text == "/workspace/a.txt:1:one\n"
    assert call(hands, "grep", pattern="three").text == "No matches found"


def test_a_pattern_that_is_none_is_an_answer_to_the_agent(hands: Hands) -> None:
    hands.mount("/workspace/a.txt", b"one")
    outcome = call(hands, "grep", pattern="(")

    assert outcome.is_error
    assert outcome.text.startswith("grep: ended with status 1")


@pytest.mark.parametrize("tool", ["web_fetch", "web_search", "nonsense"])
def test_a_tool_that_is_not_here_is_an_error(hands: Hands, tool: str) -> None:
    assert call(hands, tool, command="id") == ToolOutcome(text=f"{tool}: not available here", is_error=True)


@pytest.mark.parametrize(
    ("tool", "tool_input"),
    [
        ("read", {"file_path": "../../../../../etc/hostname"}),
        ("write", {"file_path": "/mnt/../../../outside.txt", "content": "x"}),
        ("read", {"file_path": "/workspace/link/hostname"}),
        ("write", {"file_path": "/workspace/link/evalkit-was-here", "content": "x"}),
        ("edit", {"file_path": "/workspace/link/hostname", "old_string": "a", "new_string": "b"}),
        ("glob", {"pattern": "../../../../*"}),
        ("glob", {"pattern": "/etc/*"}),
        ("glob", {"pattern": "*", "path": "/workspace/link"}),
        ("grep", {"pattern": ".", "path": "/workspace/link"}),
        ("grep", {"pattern": ".", "path": "../../../.."}),
    ],
)
def test_no_path_leads_out_of_the_directory(
    hands: Hands, tmp_path: Path, tool: str, tool_input: dict[str, object]
) -> None:
    (tmp_path / "session/workspace/link").symlink_to("/etc")

    assert call(hands, tool, **tool_input).is_error
    assert not (tmp_path / "outside.txt").exists()
    assert not Path("/etc/evalkit-was-here").exists()


@pytest.mark.parametrize(
    ("tool", "tool_input"),
    [
        ("read", {}),
        ("read", {"file_path": 7}),
        ("read", {"file_path": "a\0b"}),
        ("read", {"file_path": "a.txt", "view_range": [0, 1]}),
        ("read", {"file_path": "a.txt", "view_range": "1"}),
        ("read", {"file_path": "b.bin"}),
        ("edit", {"file_path": "b.bin", "old_string": "a", "new_string": "b"}),
        ("edit", {"file_path": "none.txt", "old_string": "a", "new_string": "b"}),
        ("write", {"file_path": "a.txt"}),
        ("write", {"file_path": "x" * 300, "content": ""}),
        ("write", {"file_path": "/workspace", "content": ""}),
        ("write", {"file_path": "c.txt", "content": "\ud800"}),
        ("write", {"file_path": "\ud800", "content": "a"}),
        ("grep", {"pattern": "\ud800("}),
        ("glob", {"pattern": ""}),
        ("glob", {"pattern": "**x"}),
    ],
)
def test_a_mistake_of_the_agent_is_an_answer_and_never_an_exception(
    hands: Hands, tool: str, tool_input: dict[str, object]
) -> None:
    hands.mount("/workspace/a.txt", b"one")
    hands.mount("/workspace/b.bin", b"\xff")
    outcome = call(hands, tool, **tool_input)

    assert outcome.is_error
    assert outcome.text


@pytest.mark.parametrize("path", ["in.txt", "/mnt/../../x"])
def test_an_input_is_mounted_inside_or_not_at_all(hands: Hands, path: str) -> None:
    with pytest.raises(HandsError):
        hands.mount(path, b"")


def test_closing_removes_the_directory(hands: Hands, tmp_path: Path) -> None:
    hands.close()

    assert not (tmp_path / "session").exists()
