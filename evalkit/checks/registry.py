"""Which checks there are, how one is written, and how a suite's `with:` becomes its parameters.

A check is a function whose first parameter is the `Check` and whose other parameters are keyword-only; the decorator
marks it, its name is `module.function`, and its signature is the schema of `with:`. Only the module of a check that is
asked for is imported. The checks of a suite's own `checks.py` are `local.function`.
"""

import hashlib
import importlib
import inspect
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Generic, ParamSpec, TypeAlias

from evalkit.checks.evidence import one_line, suggestion
from evalkit.checks.json_pointer import PointerError, find_at
from evalkit.checks.parameters import bind_fields
from evalkit.checks.problems import ParameterError
from evalkit.checks.result import CheckSpec, Finding, Json
from evalkit.errors import UsageError

BUILT_IN = (
    "any_file",
    "csv_table",
    "docx_document",
    "headings",
    "html_page",
    "image_file",
    "json_document",
    "markdown_file",
    "pdf_document",
    "pptx_deck",
    "python_code",
    "sqlite_database",
    "table",
    "text",
    "value",
    "xlsx_layout",
    "xlsx_workbook",
    "zip_archive",
)
"""The modules of this room that hold checks. None of them imports anything heavy at its top."""

LOCAL = "local"

PLUG_INS = "evalkit.checks"
"""The entry-point group in which a package names its modules of checks: `finance = "acme.finance_checks"`."""

Parameters = ParamSpec("Parameters")


class UnknownCheckError(UsageError):
    """No check has the name that was asked for, or the `checks.py` that should hold it cannot be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckDefinition(Generic[Parameters]):
    """A check function, marked. Calling it calls the function."""

    function: Callable[Parameters, Finding]
    version: int
    """Raised by the author whenever the check's meaning changes; part of the checks hash."""

    def __call__(self, *args: Parameters.args, **kwargs: Parameters.kwargs) -> Finding:
        return self.function(*args, **kwargs)

    @property
    def name(self) -> str:
        return f"{self.function.__module__.rpartition('.')[2]}.{self.function.__name__}"

    @property
    def documentation(self) -> str:
        return inspect.getdoc(self.function) or ""


AnyCheck: TypeAlias = CheckDefinition[...]


def check(*, version: int) -> Callable[[Callable[Parameters, Finding]], CheckDefinition[Parameters]]:
    """A decorator that makes a function a check.

        @check(version=1)
        def memo_agrees(on: Check, *, memo: File, tolerance: Decimal = Decimal("0.01")) -> Finding:
            ...

    Raises (from the decorator):
        UsageError: the function does not have the shape of a check.
    """

    def mark(function: Callable[Parameters, Finding]) -> CheckDefinition[Parameters]:
        parameters = list(inspect.signature(function).parameters.values())
        for parameter in parameters[1:]:
            if parameter.kind is not inspect.Parameter.KEYWORD_ONLY or parameter.annotation is parameter.empty:
                raise UsageError(
                    f"check {function.__name__!r}: parameter {parameter.name!r} is positional or has no type; "
                    "write the signature as (on: Check, *, name: Type)"
                )
        return CheckDefinition(function=function, version=version)

    return mark


def known_checks(checks_module: Path | None = None) -> tuple[str, ...]:
    """The names of all checks: built-in, of installed packages, and of `checks_module`; sorted.

    A package whose checks cannot be imported is left out here; `find_check` says why when a suite names one of them.

    Raises:
        UnknownCheckError: `checks_module` cannot be imported.
    """
    names = [name for module in BUILT_IN for name in _checks_of(_built_in(module))]
    for plug_in in entry_points(group=PLUG_INS):
        with suppress(UnknownCheckError):
            names += _plugged_in(plug_in)
    if checks_module is not None:
        names += _checks_of(_load_local(checks_module))
    return tuple(sorted(names))


def find_check(name: str, *, checks_module: Path | None = None) -> AnyCheck:
    """The check called `name`: built-in, of an installed package, or `local.*` of the `checks.py` beside the suite.

    A built-in module cannot be replaced by a package. Only the module that the name begins with is imported. A
    `checks.py` is its author's code, and is run by this.

    Raises:
        UnknownCheckError: there is no such check, or `checks_module` or the package is missing or cannot be imported.
    """
    module_name, _, _ = name.partition(".")
    found: Mapping[str, AnyCheck] = {}
    if module_name == LOCAL and checks_module is not None:
        found = _checks_of(_load_local(checks_module))
    elif module_name == LOCAL:
        raise UnknownCheckError(f"no check named {name!r}; write it in a checks.py beside the suite")
    elif module_name in BUILT_IN:
        found = _checks_of(_built_in(module_name))
    else:
        for plug_in in entry_points(group=PLUG_INS, name=module_name):
            found = _plugged_in(plug_in)
    if name not in found:
        raise UnknownCheckError(f"no check named {name!r}{suggestion(name, known_checks(checks_module))}")
    return found[name]


def bind_parameters(definition: AnyCheck, raw: Mapping[str, Json]) -> dict[str, object]:
    """The keyword arguments that a suite's `with:` means for a check; references to `expected.json` already resolved.

    Raises:
        ParameterError: its `problems` name every unknown, missing and mistyped parameter, one line each.
    """
    return bind_fields(definition.function, raw)


def resolve_references(raw: Mapping[str, Json], expected: Json) -> dict[str, Json]:
    """`raw` with every `{expected: /pointer}` in it replaced by what stands there in `expected`, the task's oracle.

    Raises:
        ParameterError: its `problems` name every pointer that leads nowhere.
    """
    problems: list[str] = []

    def resolve(value: Json) -> Json:
        if isinstance(value, list):
            return [resolve(element) for element in value]
        if not isinstance(value, dict):
            return value
        pointer = value.get("expected")
        if len(value) > 1 or not isinstance(pointer, str):
            return {key: resolve(element) for key, element in value.items()}
        try:
            return find_at(expected, pointer)
        except PointerError as error:
            problems.append(f"expected.json: {error}")
            return None

    # Not `resolve(raw)`: a parameter of a check may itself be called `expected`.
    resolved = {name: resolve(value) for name, value in raw.items()}
    if problems:
        raise ParameterError(tuple(problems))
    return resolved


def checks_hash(specs: Sequence[CheckSpec], checks_module: Path | None) -> str:
    """SHA-256, hex, over everything that a task's checks decide by.

    That is their names, versions, parameters (with the oracle's values in place), bindings, whether they are required,
    and the source of `checks_module` if one of them is local.
    """
    uses_local = any(spec.check.startswith(f"{LOCAL}.") for spec in specs)
    content = {
        "checks": [
            {
                "id": spec.id,
                "check": spec.check,
                "version": spec.version,
                "parameters": dict(spec.parameters),
                "criterion": list(spec.criterion),
                "required": spec.required,
            }
            for spec in specs
        ],
        "local": _source(checks_module) if uses_local and checks_module is not None else None,
    }
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _built_in(name: str) -> ModuleType:
    return importlib.import_module(f"evalkit.checks.{name}")


def _checks_of(module: ModuleType) -> dict[str, AnyCheck]:
    checks = [value for value in vars(module).values() if isinstance(value, CheckDefinition)]
    # A module may import another's check to build on it; that does not make the check its own.
    return {found.name: found for found in checks if found.function.__module__ == module.__name__}


def _plugged_in(plug_in: EntryPoint) -> dict[str, AnyCheck]:
    """The checks of the module that `plug_in` names, called by the plug-in's name."""
    try:
        module = plug_in.load()
    except Exception as error:
        reason = one_line(f"{type(error).__name__}: {error}", 200)
        raise UnknownCheckError(f"{plug_in.value}: cannot be imported: {reason}; repair that package") from error
    return {f"{plug_in.name}.{found.function.__name__}": found for found in _checks_of(module).values()}


def _source(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UnknownCheckError(f"{path}: cannot be read: {error}; a suite's own checks are UTF-8 Python") from error


def _load_local(path: Path) -> ModuleType:
    """The module that the source at `path` makes. It is run anew each time: its author may be editing it."""
    source = _source(path)
    module = ModuleType(f"{__package__}.{LOCAL}")
    module.__file__ = str(path)
    # Dataclasses and type hints of the module look themselves up there.
    sys.modules[module.__name__] = module
    try:
        exec(compile(source, str(path), "exec"), vars(module))  # noqa: S102 - the suite author's own code, as `import` would
    except Exception as error:
        reason = one_line(f"{type(error).__name__}: {error}", 200)
        raise UnknownCheckError(f"{path}: cannot be imported: {reason}; correct the file") from error
    return module
