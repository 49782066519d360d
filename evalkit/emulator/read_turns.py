"""What a scenario's agents do, read from YAML: calls, whole turns, and subagents.

A call:      {tool: read, input: {file_path: /workspace/a.txt}}
             {custom: lookup_rate, input: {code: EUR}}
             {mcp: crm, tool: find_account, input: {id: "7"}, answer: "Acme", is_error: false}
A request:   {says: "I'll look.", thinks: true, calls: […], takes_s: 4.2, thinks_after_s: 2.0, usage_after_s: 1.9}
A subagent:  {agent: reviewer, task: "Read the draft.", calls: […], report: "It is fine."}
"""

from evalkit.emulator.script import (
    TOOLS,
    Call,
    CustomCall,
    McpCall,
    ScriptedRequest,
    Subagent,
    ToolCall,
    Turn,
)
from evalkit.emulator.strict_yaml import Value

MAX_SUBAGENTS = 25


def read_call(value: Value) -> Call:
    """One tool use."""
    at = value.fields(("tool", "custom", "mcp", "input", "answer", "is_error"))
    tool_input = {key.text(): item.json() for key, item in at.entries("input")}
    if "mcp" in at:
        at = value.fields(("mcp", "tool", "input", "answer", "is_error"), needed=("tool", "answer"))
        return McpCall(
            server=at.take("mcp", "", Value.text),
            tool=at.take("tool", "", Value.text),
            tool_input=tool_input,
            answer=at.take("answer", "", Value.text),
            is_error=at.take("is_error", False, Value.flag),
        )
    at = value.fields(("tool", "custom", "input"))
    if ("tool" in at) == ("custom" in at):
        value.wrong("not exactly one of 'tool' and 'custom'; give one")
    if "custom" in at:
        return CustomCall(name=at.take("custom", "", Value.text), tool_input=tool_input)
    return ToolCall(tool=at.take("tool", "", lambda v: v.choice(TOOLS)), tool_input=tool_input)


def read_turn(value: Value) -> Turn:
    """The requests of one turn; the last one calls nothing, or the turn would not be over."""
    turn = value.each(_read_request)
    if not turn or turn[-1].calls:
        value.wrong("a turn whose last request still calls tools; end it with one that only says something")
    return turn


def read_subagent(value: Value) -> Subagent:
    """One task that the coordinator gives to another agent, and what comes of it."""
    at = value.fields(("agent", "task", "calls", "report"), needed=("agent", "task", "report"))
    return Subagent(
        agent=at.take("agent", "", Value.text),
        task=at.take("task", "", Value.text),
        calls=at.each("calls", read_call),
        report=at.take("report", "", Value.text),
    )


def _read_request(value: Value) -> ScriptedRequest:
    at = value.fields(("says", "thinks", "calls", "takes_s", "thinks_after_s", "usage_after_s"))
    return ScriptedRequest(
        says=at.take("says", None, Value.text),
        thinks=at.take("thinks", False, Value.flag),
        calls=at.each("calls", read_call),
        takes_s=at.take("takes_s", None, _seconds),
        thinks_after_s=at.take("thinks_after_s", None, _seconds),
        usage_after_s=at.take("usage_after_s", None, _seconds),
    )


def _seconds(value: Value) -> float:
    return value.number(0, 3600)
