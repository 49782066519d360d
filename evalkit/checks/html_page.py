"""Checks of HTML pages: structure, what they would load or run. Text, headings and cells: the generic checks."""

import re
from typing import Annotated

from evalkit.checks.adapters import HtmlFile
from evalkit.checks.deliverables import Check
from evalkit.checks.evidence import and_more, listed, quoted
from evalkit.checks.problems import NotMeasuredError
from evalkit.checks.quantity import AtLeast
from evalkit.checks.read_html import Element, parse_html
from evalkit.checks.registry import check
from evalkit.checks.result import Finding
from evalkit.checks.table import Count

_LOADING = {
    "src": None,
    "srcset": None,
    "poster": None,
    "data": {"object"},
    "href": {"link", "image", "use", "script"},
    "xlink:href": {"image", "use", "script"},
    "action": {"form"},
    "background": None,
}
"""Attributes that make a browser fetch or send something, and the elements on which they do; None for every one."""
_CSS_FETCH = re.compile(r"(?i)url\(\s*['\"]?(?!['\"]?(?:data:|#))([^)\s'\"]{1,200})|@import\s+['\"]([^'\"]{1,200})")
_SELECTOR = re.compile(r"([a-z][a-z0-9]*|\*)?(?:\[([a-zA-Z:-]+)\])?", re.ASCII)


@check(version=1)
def structure(on: Check, *, file: HtmlFile) -> Finding:
    """The page has the HTML5 doctype, a language, one title, one h1, and an end for every element that needs one.

    {check: html_page.structure, with: {file: report.html}}
    """
    page = on.parsed(file, parse_html)
    roots = [element for element in page.elements if element.tag == "html"]
    first_headings = [element for element in page.elements if element.tag == "h1"]
    problems = [
        (page.doctype.lower() != "doctype html", f"the doctype {quoted(page.doctype)}", "<!DOCTYPE html>"),
        (not any(root.attributes.get("lang") for root in roots), "no language", "<html lang=…>"),
        (not page.title, "no title", "a title"),
        (len(first_headings) != 1, f"{len(first_headings)} h1", "one h1"),
    ]
    for is_wrong, found, wanted in problems:
        if is_wrong:
            return on.failed(found, wanted=wanted, at=on.place(file))
    if page.never_closed:
        element = page.never_closed[0]
        found = and_more(f"<{element.tag}> without its end", len(page.never_closed))
        return on.failed(found, wanted="every element closed", at=element.at)
    return on.passed()


@check(version=1)
def no_external(on: Check, *, file: HtmlFile) -> Finding:
    """Nothing is loaded when the page is opened: no script, style, picture, font or frame from elsewhere, nothing sent.

    Links that a reader may follow are allowed, and so is what stands in the page itself (`data:`, `#fragment`).

    {check: html_page.no_external, with: {file: report.html}}
    """
    page = on.parsed(file, parse_html)
    for element in page.elements:
        for target in _fetched(element):
            found = f"<{element.tag}> loads {quoted(target)}"
            return on.failed(found, wanted="a page complete in itself", at=element.at)
    if match := _CSS_FETCH.search(page.style_text):
        found = f"a style loads {quoted(match[1] or match[2])}"
        return on.failed(found, wanted="a page complete in itself", at=on.place(file))
    return on.passed(f"{len(page.elements)} elements")


@check(version=1)
def no_script(on: Check, *, file: HtmlFile) -> Finding:
    """Nothing in the page runs: no script element, no event attribute, no `javascript:` address.

    {check: html_page.no_script, with: {file: report.html}}
    """
    page = on.parsed(file, parse_html)
    for element in page.elements:
        events = [name for name in element.attributes if name.startswith("on")]
        runs = [name for name, value in element.attributes.items() if _is_script_address(value)]
        if element.tag == "script" or events or runs:
            what = f"<{element.tag}{' ' + (events or runs)[0] if events or runs else ''}>"
            return on.failed(what, wanted="nothing that runs", at=element.at)
    return on.passed(f"{len(page.elements)} elements")


@check(version=1)
def elements(
    on: Check,
    *,
    file: HtmlFile,
    path: Annotated[str, AtLeast(1)],
    at_least: Count = 1,
    at_most: Count | None = None,
) -> Finding:
    """There are `at_least` and `at_most` so many elements at `path`.

    A path is tags from the outer to the inner one; the last may ask for an attribute:

    `svg[aria-label]` is an svg with that attribute, `table caption` a caption inside a table, `*[id]` any with an id.

    {check: html_page.elements, with: {file: report.html, path: "svg[aria-label]", at_least: 1}}
    """
    steps = [_SELECTOR.fullmatch(step) for step in path.split()]
    if not all(step is not None and step[0] for step in steps):
        raise NotMeasuredError(f"{path!r} is no path of elements; write as in 'table caption' or 'svg[aria-label]'")
    above = [step[1] or "*" for step in steps[:-1] if step is not None]
    last = steps[-1]
    assert last is not None, "every step was found to fit"
    found = [
        element
        for element in on.parsed(file, parse_html).elements
        if last[1] in {None, "*", element.tag}
        and (last[2] is None or last[2].lower() in element.attributes)
        and _lies_below(element.above, above)
    ]
    return on.counted(len(found), at_least, at_most, f"elements {path}", at=on.place(file))


@check(version=1)
def tables(
    on: Check, *, file: HtmlFile, at_least: Count = 1, at_most: Count | None = None, rows: Count | None = None
) -> Finding:
    """There are so many tables, each with a caption and header cells made with `th`, and with `rows` below the header.

    {check: html_page.tables, with: {file: report.html, at_least: 3, at_most: 3, rows: 6}}
    """
    found = on.parsed(file, parse_html).tables
    for number, table in enumerate(found, start=1):
        if not table.caption or not table.header_cells:
            missing = listed(
                [word for word, there in (("caption", table.caption), ("th", table.header_cells)) if not there]
            )
            return on.failed(f"table {number} without {missing}", wanted="a caption and th cells", at=table.at)
        if rows is not None and table.rows - 1 != rows:
            return on.failed(f"{table.rows - 1} rows below the header", wanted=f"{rows} rows", at=table.at)
    return on.counted(len(found), at_least, at_most, "tables", at=on.place(file))


def _fetched(element: Element) -> list[str]:
    """The addresses elsewhere that a browser would load for `element`."""
    targets = [
        value.strip()
        for name, value in element.attributes.items()
        if name in _LOADING and (_LOADING[name] is None or element.tag in (_LOADING[name] or ()))
    ]
    targets += [match[1] or match[2] for match in _CSS_FETCH.finditer(element.attributes.get("style", ""))]
    if element.tag == "meta" and element.attributes.get("http-equiv", "").lower() == "refresh":
        targets.append(element.attributes.get("content", ""))
    return [target for target in targets if target and not target.lower().startswith(("data:", "#"))]


def _is_script_address(value: str) -> bool:
    # Browsers drop white space and control characters before they read the scheme.
    return "".join(sign for sign in value if sign > " ").lower().startswith("javascript:")


def _lies_below(above: tuple[str, ...], wanted: list[str]) -> bool:
    """Whether the tags `wanted` occur among the elements `above`, in this order."""
    rest = iter(above)
    return all(any(tag in {"*", found} for found in rest) for tag in wanted)
