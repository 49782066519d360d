import anthropic
import pytest
from anthropic import AsyncAnthropic, BadRequestError, NotFoundError
from stage import MANAGED, open_session, outcome, play, with_client

from evalkit.emulator import Emulator

OLD_FILES = "files-api-2025-04-14"


def test_an_upload_keeps_its_last_name_and_cannot_be_downloaded(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> tuple[str, int, str]:
        uploaded = await client.beta.files.upload(file=("in/put.csv", b"a,b\n"))
        with pytest.raises(BadRequestError, match="is not downloadable") as refused:
            await client.beta.files.download(uploaded.id)
        assert isinstance(refused.value.body, dict)
        assert refused.value.body["error"]["details"]["error_code"] == "file_not_downloadable"
        found = await client.files.retrieve_metadata(uploaded.id)
        return found.filename, found.size_bytes, found.mime_type

    assert with_client(emulator, act) == ("put.csv", 4, "text/csv")


def test_both_list_shapes_page_through_every_file_once(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> tuple[list[str], list[str], list[str]]:
        made = [(await client.beta.files.upload(file=(f"f{i}.txt", b"x"))).id for i in range(5)]
        new = [file.id async for file in client.beta.files.list(limit=2)]
        old, after = [], anthropic.omit
        while True:
            query = {"limit": 2} if after is anthropic.omit else {"limit": 2, "after_id": after}
            page = await client.get(
                "/v1/files", cast_to=object, options={"headers": {"anthropic-beta": OLD_FILES}, "params": query}
            )
            assert isinstance(page, dict)
            assert "next_page" not in page
            old += [file["id"] for file in page["data"]]
            if not page["has_more"]:
                return made, new, old
            after = page["last_id"]

    made, new, old = with_client(emulator, act)

    assert new[:5] == list(reversed(made))
    assert old == new


def test_a_deleted_file_is_gone(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> str:
        uploaded = await client.beta.files.upload(file=("gone.txt", b"x"))
        deleted = await client.beta.files.delete(uploaded.id)
        with pytest.raises(NotFoundError):
            await client.beta.files.retrieve_metadata(uploaded.id)
        return str(deleted.type)

    assert with_client(emulator, act) == "file_deleted"


def test_a_session_lists_its_mounted_inputs_and_its_outputs_newest_first(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> tuple[list[tuple[str, bool | None]], bytes, bool]:
        uploaded = await client.beta.files.upload(file=("in.txt", b"hello\n"))
        session_id = await open_session(
            client, "binary", resources=[{"type": "file", "file_id": uploaded.id, "mount_path": "in.txt"}]
        )
        await play(client, session_id, outcome())
        files = [file async for file in client.beta.files.list(scope_id=session_id, betas=[MANAGED])]
        blob = next(file for file in files if file.filename == "blob.bin")
        content = await (await client.beta.files.download(blob.id)).read()
        return [(file.filename, file.downloadable) for file in files], content, uploaded.id in {f.id for f in files}

    files, content, has_upload = with_client(emulator, act)

    assert set(files[:2]) == {("blob.bin", True), ("note.txt", True)}
    assert files[2:] == [("in.txt", False)]
    assert content == b"\x00\xff\x01"
    assert not has_upload


def test_the_scope_filter_needs_the_managed_agents_header(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> None:
        session_id = await open_session(client, "fine")
        with pytest.raises(BadRequestError, match="scope_id"):
            await client.beta.files.list(scope_id=session_id)

    with_client(emulator, act)


def test_outputs_may_be_listed_late(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> list[int]:
        session_id = await open_session(client, "late-files")
        await play(client, session_id, outcome())
        return [
            len([file async for file in client.beta.files.list(scope_id=session_id, betas=[MANAGED])]) for _ in range(3)
        ]

    assert with_client(emulator, act) == [0, 0, 1]


def test_a_deleted_session_takes_its_files_with_it(emulator: Emulator) -> None:
    async def act(client: AsyncAnthropic) -> str:
        session_id = await open_session(client, "fine")
        await play(client, session_id, outcome())
        [output] = [file async for file in client.beta.files.list(scope_id=session_id, betas=[MANAGED])]
        deleted = await client.beta.sessions.delete(session_id)
        with pytest.raises(NotFoundError):
            await client.beta.files.retrieve_metadata(output.id)
        return deleted.type

    assert with_client(emulator, act) == "session_deleted"
