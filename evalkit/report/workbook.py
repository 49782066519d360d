"""A run as an Excel workbook: facts as numbers and dates, totals as formulas, so that a reader can change a price.

    Summary      the run in figures, each a formula over the other sheets
    Tasks        one row a task and variant, counted by formulas over Trials and Costs
    Trials, Iterations, Checks, Files    the facts, row by row
    Criteria     what the grader said of each criterion, one column an iteration
    Costs        one row a session, earlier attempts included; totals; what it costs at the prices of the next sheet
    Prices       US dollars per million tokens, to be changed
    Grader       where grader and checks disagree, counted by formulas

An empty cell is "not known". Text from outside never becomes a formula.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from io import BytesIO

from openpyxl.cell import WriteOnlyCell
from openpyxl.chart import BarChart, Reference
from openpyxl.styles import Font
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from evalkit.report.facts import Facts, Kind, check_facts, file_facts, iteration_facts, trial_facts
from evalkit.report.headline import headline
from evalkit.report.price_rows import PriceRow, price_rows, rates_of
from evalkit.report.sheet import Formula, Range, Written, new_sheet, write_sheet
from evalkit.report.spreadsheet_text import inert
from evalkit.report.trial_name import name_trials
from evalkit.trial.metrics import Agreement, RunSummary, Standing, had_session, summarise
from evalkit.trial.model import RunRecord, TrialRecord
from evalkit.trial.prices import Rates

Ranges = Mapping[str, Range]

_MOST_BARS = 40
_COLOURS = ("3A7D44", "B3261E", "B26A00", "6B7280", "C9CDD3")
"""Of the chart's parts, in the order of `Standing`."""

_MONEY = ("usd", "billed", "computed", "agent", "grader", "runtime", "web search")
_TOKENS = ("input", "output", "cache read", "cache write")


def render_workbook(run: RunRecord, link: Callable[[str], str]) -> bytes:
    """`run` as the bytes of an `.xlsx` file.

    `link` gives the path of a delivered file, as seen from the workbook, for the SHA-256 of its content.
    """
    book = Workbook(write_only=True)
    summary = summarise(run)
    summary_sheet = new_sheet(book, "Summary")  # the first sheet is what a reader sees
    task_sheet_at = len(book.sheetnames)
    trials = _write_facts(book, "Trials", trial_facts(run))
    _write_facts(book, "Iterations", iteration_facts(run))
    _write_criteria(book, run)
    _write_facts(book, "Checks", check_facts(run))
    _write_files(book, run, link)
    prices = price_rows(run)
    costs = _write_costs(book, run, prices)
    _write_prices(book, prices)
    _write_grader(book, trials)
    tasks = _write_tasks(book, summary, trials, costs)
    book.move_sheet("Tasks", task_sheet_at - len(book.sheetnames) + 1)
    _write_summary(summary_sheet, run, summary, (trials, costs))
    _add_chart(summary_sheet, book, tasks)
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def _write_facts(book: Workbook, title: str, facts: Facts) -> Ranges:
    return write_sheet(book, title, [(field.name, field.kind) for field in facts.fields], facts.rows)


def _write_files(book: Workbook, run: RunRecord, link: Callable[[str], str]) -> None:
    facts = file_facts(run)
    at = facts.headers.index("sha256")
    columns = [*((field.name, field.kind) for field in facts.fields), ("open", Kind.TEXT)]
    write_sheet(book, "Files", columns, [(*row, _hyperlink(link(str(row[at])))) for row in facts.rows])


def _write_criteria(book: Workbook, run: RunRecord) -> None:
    names = name_trials(run.trials)
    most = max((len(record.iterations) for record in run.trials), default=0)
    rows: list[tuple[Written, ...]] = []
    for record in run.trials:
        ids = dict.fromkeys(id_ for iteration in record.iterations for id_ in iteration.criteria)
        for id_ in ids:
            states = [iteration.criteria.get(id_) for iteration in record.iterations]
            rows.append((names.name(record), record.spec.task, id_, *states, *(None,) * (most - len(states))))
    columns = [("trial", Kind.TEXT), ("task", Kind.TEXT), ("criterion", Kind.TEXT)]
    write_sheet(book, "Criteria", [*columns, *((f"iteration {n}", Kind.TEXT) for n in range(most))], rows)


def _write_costs(book: Workbook, run: RunRecord, prices: Mapping[tuple[str, Rates], PriceRow]) -> Ranges:
    names = name_trials(run.trials)
    records = [record for record in (*run.trials, *run.earlier_attempts) if had_session(record)]
    columns = [("trial", Kind.TEXT), ("task", Kind.TEXT), ("attempt", Kind.COUNT), ("price", Kind.TEXT)]
    columns += [(name, Kind.USD) for name in _MONEY]
    columns += [(f"{name} tokens", Kind.COUNT) for name in _TOKENS]
    columns.append(("at these prices", Kind.USD))
    rows: list[Sequence[Written]] = []
    for line, record in enumerate(records, 2):
        rates = rates_of(record)
        price = None if rates is None else prices[str(record.spec.model), rates].name
        group = names.group(record.spec.task, record.spec.variant)
        rows.append((names.name(record), group, record.attempt, price, *_cost_cells(record, line, len(prices))))
    last = max(2, len(records) + 1)
    sums = [Formula(f"=SUM({letter}2:{letter}{last})") for letter in "EFGHIJKLMNOP"]
    unknown = [Formula(f"=ROWS({letter}2:{letter}{last})-COUNT({letter}2:{letter}{last})") for letter in "EFGHIJKLMNOP"]
    if records:
        rows += [("total", None, None, None, *sums), ("sessions where it is not known", None, None, None, *unknown)]
    return write_sheet(book, "Costs", columns, rows, filtered=len(records))


def _cost_cells(record: TrialRecord, line: int, prices: int) -> Iterator[Written]:
    """Columns E to P of line `line`: dollars, tokens, and the formula over the price sheet."""
    cost, tokens = record.cost, record.cost.tokens
    yield from (cost.usd, cost.billed_usd, cost.computed_usd, cost.agent_usd, cost.grader_usd)
    yield from (cost.runtime_usd, cost.web_search_usd)
    if tokens is None:
        yield from (None,) * 5
        return
    yield from (tokens.input, tokens.output, tokens.cache_read, tokens.cache_write)
    table = f"Prices!$A$2:$E${max(2, prices + 1)}"
    parts = (f"{letter}{line}*VLOOKUP($D{line},{table},{at},FALSE)" for at, letter in enumerate("LMNO", 2))
    yield Formula(f'=IFERROR(({"+".join(parts)})/1000000+J{line}+K{line},"")')


def _write_prices(book: Workbook, prices: Mapping[tuple[str, Rates], PriceRow]) -> None:
    """A rate that nobody states is the text `?`: a formula over it fails and shows nothing, instead of counting 0."""
    columns = [("USD per million tokens", Kind.TEXT), *((name, Kind.NUMBER) for name in _TOKENS)]
    rows = []
    for row in prices.values():
        rates = row.rates
        stated = (rates.input, rates.output, rates.cache_read, rates.cache_write_5m)
        rows.append((row.name, *("?" if rate is None else rate for rate in stated)))
    write_sheet(book, "Prices", columns, rows)


def _write_grader(book: Workbook, trials: Ranges) -> None:
    rows = [(kind.value, Formula(f'=COUNTIF({trials["agreement"]},"{kind.value}")')) for kind in Agreement]
    write_sheet(book, "Grader", [("grader against checks", Kind.TEXT), ("trials", Kind.COUNT)], rows)


def _write_tasks(book: Workbook, summary: RunSummary, trials: Ranges, costs: Ranges) -> int:
    """Returns the number of rows. Task names are compared exactly: COUNTIF would read `*` and `>` in them."""
    columns = [("task", Kind.TEXT), ("variant", Kind.TEXT), ("launched", Kind.COUNT)]
    columns += [(standing.value, Kind.COUNT) for standing in Standing]
    columns += [("ok of known", Kind.NUMBER), ("USD", Kind.USD), ("USD per ok", Kind.USD)]
    rows: list[Sequence[Written]] = []
    several = len({group.variant for group in summary.groups}) > 1
    for line, group in enumerate(summary.groups, 2):
        mine = f"--EXACT({trials['task']},$A{line}),--EXACT({trials['variant']},$B{line})"
        counts = [Formula(f'=SUMPRODUCT({mine},--({trials["standing"]}="{standing.value}"))') for standing in Standing]
        name = f'$A{line}&"/"&$B{line}' if several else f"$A{line}"
        rows.append(
            (
                group.task,
                group.variant,
                Formula(f"=SUMPRODUCT({mine})"),
                *counts,
                Formula(f'=IF(D{line}+E{line}=0,"",D{line}/(D{line}+E{line}))'),
                Formula(f"=SUMPRODUCT(--EXACT({costs['task']},{name}),{costs['usd']})"),
                Formula(f'=IF(D{line}=0,"",J{line}/D{line})'),
            )
        )
    write_sheet(book, "Tasks", columns, rows)
    return len(rows)


def _write_summary(sheet: Worksheet, run: RunRecord, summary: RunSummary, ranges: tuple[Ranges, Ranges]) -> None:
    sheet.column_dimensions["A"].width = 44
    sheet.column_dimensions["B"].width = 18
    title = WriteOnlyCell(sheet, value=inert(headline(run, summary)))
    title.font = Font(bold=True, size=14)
    sheet.append([title])
    sheet.append([inert(f"backend: {run.backend_label}, run {run.id}")])
    sheet.append(["an empty cell is not known; every figure below is a formula over the other sheets"])
    sheet.append([])
    for label, formula, number_format in _figures(*ranges):
        value = WriteOnlyCell(sheet, value=formula)
        value.number_format = number_format
        sheet.append([label, value])


def _figures(trials: Ranges, costs: Ranges) -> Iterator[tuple[str, str, str]]:
    """Label, formula and number format of each figure of the summary."""
    yield "trials launched", f"=COUNTA({trials['standing']})", "0"
    for standing in Standing:
        yield standing.value, f'=COUNTIF({trials["standing"]},"{standing.value}")', "0"
    for flag in ("ok", "satisfied", "verified", "first_draft"):
        measured = f'{trials["end"]},{{"verdict","refused","limit"}},{trials[flag]}'
        yes, no = f"SUM(COUNTIFS({measured},TRUE))", f"SUM(COUNTIFS({measured},FALSE))"
        label = f"{flag.replace('_', ' ')}, of the measured whose answer is known"
        yield label, f'=IF({yes}+{no}=0,"",{yes}/({yes}+{no}))', "0.0%"
    for name in _MONEY:
        label = "USD spent, earlier attempts included" if name == "usd" else f"USD {name}"
        yield label, f"=SUM({costs[name]})", "#,##0.0000"
    yield "sessions whose cost is not known", f"=COUNTA({costs['trial']})-COUNT({costs['usd']})", "0"
    ok = f'COUNTIF({trials["standing"]},"ok")'
    yield "USD per ok deliverable", f'=IF({ok}=0,"",SUM({costs["usd"]})/{ok})', "#,##0.0000"
    yield "USD at the prices of the sheet Prices", f"=SUM({costs['at these prices']})", "#,##0.0000"


def _add_chart(sheet: Worksheet, book: Workbook, tasks: int) -> None:
    """A bar a task: how its trials stand. Beyond forty tasks nobody could read it."""
    if not 1 <= tasks <= _MOST_BARS:
        return
    chart = BarChart()
    chart.type = "bar"
    chart.grouping = "stacked"
    chart.overlap = 100
    chart.title = "Trials by task"
    chart.height = 4 + tasks * 0.7
    chart.width = 22
    source = book["Tasks"]
    chart.add_data(Reference(source, min_col=4, max_col=8, min_row=1, max_row=tasks + 1), titles_from_data=True)
    chart.set_categories(Reference(source, min_col=1, min_row=2, max_row=tasks + 1))
    for series, colour in zip(chart.series, _COLOURS, strict=True):
        series.graphicalProperties.solidFill = colour
    sheet.add_chart(chart, "D5")


def _hyperlink(path: str) -> Formula:
    doubled = path.replace('"', '""')
    return Formula(f'=HYPERLINK("{doubled}","open")')
