"""The agents and environments of a server, by id: things of the journal file, read each time."""

from evalkit.emulator.clock import stamp, wall_time
from evalkit.emulator.fields import Fields, JsonObject
from evalkit.emulator.journal_file import JournalFile
from evalkit.emulator.problems import conflict, missing, refused
from evalkit.emulator.resources import agent_created, agent_updated, environment_created, environment_updated

_AGENT = "agent"
_VERSION = "agent_version"
_ENVIRONMENT = "environment"


class AgentTable:
    """The agents as they are now, and every version of each, which is never changed but for being archived."""

    def __init__(self, journal_file: JournalFile) -> None:
        self._file = journal_file

    def create(self, body: Fields) -> JsonObject:
        """A new agent's first version.

        Raises:
            ApiProblem: 400, by field.
        """
        return self._keep(agent_created(body, stamp(wall_time()), self.get))

    def get(self, agent_id: str, version: int | None = None) -> JsonObject:
        """One version, the newest by default.

        Raises:
            ApiProblem: 404, no such agent or version.
        """
        newest = self._file.get(_AGENT, agent_id)
        if newest is None:
            raise missing(f"Agent '{agent_id}'")
        if version is None:
            return newest[1]
        found = self._file.get(_VERSION, f"{agent_id}/{version}")
        if found is None:
            raise missing(f"agent.version: {version}")
        return found[1]

    def versions(self, agent_id: str) -> list[tuple[int, JsonObject]]:
        """The versions, numbered, oldest first.

        Raises:
            ApiProblem: 404, no such agent.
        """
        self.get(agent_id)
        return self._file.all(_VERSION, owner=agent_id)

    def update(self, agent_id: str, body: Fields) -> JsonObject:
        """The newest version after the update, which is a new one only if something changed.

        Raises:
            ApiProblem: 404; 409, a stale version was given; 400, by field.
        """
        agent = self.get(agent_id)
        updated = agent_updated(agent, body, stamp(wall_time()), self.get)
        return agent if updated is agent else self._keep(updated)

    def archive(self, agent_id: str) -> JsonObject:
        """The agent, archived for good; archiving again changes nothing.

        Raises:
            ApiProblem: 404.
        """
        agent = self.get(agent_id)
        if agent["archived_at"] is None:
            now = stamp(wall_time())
            return self._keep(agent | {"archived_at": now, "updated_at": now})
        return agent

    def listing(self) -> list[tuple[int, JsonObject]]:
        """The newest version of each agent, numbered in order of creation."""
        return self._file.all(_AGENT)

    def _keep(self, agent: JsonObject) -> JsonObject:
        key = str(agent["id"])
        with self._file.together():
            self._file.put(_AGENT, key, agent)
            self._file.put(_VERSION, f"{key}/{agent['version']}", agent, owner=key)
        return agent


class EnvironmentTable:
    """Environments under names that are their own."""

    def __init__(self, journal_file: JournalFile) -> None:
        self._file = journal_file

    def create(self, body: Fields) -> JsonObject:
        """A new environment.

        Raises:
            ApiProblem: 400, by field; 409, the name is taken.
        """
        environment = environment_created(body, stamp(wall_time()))
        return self._keep(environment)

    def get(self, environment_id: str) -> JsonObject:
        """The environment.

        Raises:
            ApiProblem: 404.
        """
        found = self._file.get(_ENVIRONMENT, environment_id)
        if found is None:
            raise missing(f"Environment '{environment_id}'")
        return found[1]

    def update(self, environment_id: str, body: Fields) -> JsonObject:
        """The environment after the update.

        Raises:
            ApiProblem: 404; 400, by field, or it is archived; 409, the name is taken.
        """
        return self._keep(environment_updated(self.get(environment_id), body, stamp(wall_time())))

    def archive(self, environment_id: str) -> JsonObject:
        """The environment, archived for good.

        Raises:
            ApiProblem: 404.
        """
        environment = self.get(environment_id)
        if environment["archived_at"] is None:
            now = stamp(wall_time())
            environment |= {"archived_at": now, "updated_at": now}
            self._file.put(_ENVIRONMENT, environment_id, environment)
        return environment

    def delete(self, environment_id: str) -> None:
        """No such environment any more; sessions that use it go on (recorded).

        Raises:
            ApiProblem: 404.
        """
        self.get(environment_id)
        self._file.remove(_ENVIRONMENT, environment_id)

    def usable(self, environment_id: str) -> JsonObject:
        """The environment, for a new session.

        Raises:
            ApiProblem: 404; 400, it is archived, or one that this server has no container for.
        """
        environment = self.get(environment_id)
        if environment["archived_at"] is not None:
            raise refused(f"Environment '{environment_id}' is archived")
        config = environment["config"]
        if isinstance(config, dict) and config["type"] == "self_hosted":
            raise refused("environment_id: this emulator does not emulate sessions in self-hosted environments")
        return environment

    def listing(self) -> list[tuple[int, JsonObject]]:
        """Each environment, numbered in order of creation."""
        return self._file.all(_ENVIRONMENT)

    def _keep(self, environment: JsonObject) -> JsonObject:
        key = str(environment["id"])
        for _, other in self.listing():
            if other["name"] == environment["name"] and other["id"] != key and other["archived_at"] is None:
                raise conflict(f"An environment named {environment['name']!r} already exists")
        self._file.put(_ENVIRONMENT, key, environment)
        return environment
