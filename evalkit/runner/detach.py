"""Whether a suite's trials can be left to themselves: nobody is there to answer while they work."""

from collections.abc import Iterable, Mapping

from evalkit.errors import Problem, SuiteError, UsageError
from evalkit.suite.model import Backend, Suite, TrialPlan, Variant


def check_detachable(suite: Suite, plans: Iterable[TrialPlan]) -> None:
    """Every session of these plans can work to its end without an answer from us.

    Of a deployed agent only what the suite overrides is known: that it asks for nothing is the author's word.

    Raises:
        UsageError: the emulator of this process would end with it.
        SuiteError: an agent has a custom tool, or a tool that asks for permission.
    """
    if suite.backend is Backend.EMULATOR:
        raise UsageError(
            "--detach: the emulator ends with this command and its sessions with it; leave out --detach, or use"
            " `--backend anthropic`"
        )
    problems = []
    for variant in {plan.variant.name: plan.variant for plan in plans}.values():
        for name in _asking(variant):
            found = f"variant {variant.name!r}: {name}, which needs answers while the session works"
            problems.append(Problem(str(suite.path), 0, f"{found}; run it without --detach"))
    if problems:
        raise SuiteError(tuple(problems))


def _asking(variant: Variant) -> Iterable[str]:
    tools = variant.agent_body.get("tools")
    for tool in tools if isinstance(tools, (list, tuple)) else ():
        if not isinstance(tool, Mapping):
            continue
        if tool.get("type") == "custom":
            yield f"its custom tool {tool.get('name')!r}"
        configs = tool.get("configs")
        for config in (tool.get("default_config"), *(configs if isinstance(configs, (list, tuple)) else ())):
            if isinstance(config, Mapping) and _asks(config):
                yield f"its tool {config.get('name') or tool.get('type')!r} asks for permission"
                break
        else:
            if tool.get("type") == "mcp_toolset" and not isinstance(tool.get("default_config"), Mapping):
                yield "its MCP tools ask for permission by default"


def _asks(config: Mapping[str, object]) -> bool:
    policy = config.get("permission_policy")
    return isinstance(policy, Mapping) and policy.get("type") == "always_ask"
