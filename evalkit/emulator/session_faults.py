"""What befalls a session at work: ends and delays by the platform, and events that no client knows.

Whether a fault has happened already is read from the journal, so a session that is woken does not suffer it twice.
"""

from evalkit.emulator.faults import Becomes, Fault, SessionBecomes, UnknownEvent
from evalkit.emulator.recorder import Recorder


def befall(recorder: Recorder, faults: tuple[Fault, ...]) -> None:
    """Every fault that is due has happened to the session, which works; what comes of it is in the journal."""
    for place, fault in enumerate(faults):
        state = recorder.journal.state
        if state.status != "running" or state.is_over:
            return
        if isinstance(fault, SessionBecomes | UnknownEvent) and len(state.events) >= fault.after_event:
            kind = _event_of(fault)
            due = sum(
                isinstance(f, SessionBecomes | UnknownEvent) and _event_of(f) == kind for f in faults[: place + 1]
            )
            if sum(event["type"] == kind for event in state.events) < due:
                _happen(recorder, kind)


def _event_of(fault: SessionBecomes | UnknownEvent) -> str:
    if isinstance(fault, UnknownEvent):
        return fault.type
    return "session.deleted" if fault.status is Becomes.DELETED else f"session.status_{fault.status}"


def _happen(recorder: Recorder, kind: str) -> None:
    match kind:
        case "session.status_terminated":
            recorder.terminate("the scenario terminates the session")
        case "session.status_rescheduled":
            recorder.reschedule("the scenario reschedules the session")
        case _:
            recorder.emit(kind)
