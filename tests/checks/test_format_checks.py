"""Every check of a document format, passing and failing on the first of the files of each case."""

from collections.abc import Mapping

import pytest
from deliverables import Content, check_files
from made_files import database_bytes, deck_bytes, memo_bytes, pdf_bytes, picture_bytes, zip_bytes

from evalkit.checks.result import Json, Status

PAGE = """<!DOCTYPE html><html lang="en"><head><title>Survey</title><style>p {color: red}</style></head><body>
<h1>Survey</h1><p>Hello<br>you</p>
<table><caption>North</caption><tr><th>Q</th><th>Mean</th></tr><tr><td>Q1</td><td>3.5</td></tr></table>
<svg aria-label="chart"><circle r="1"/></svg><p><a href="https://example.org">more</a></p></body></html>"""
FORM = [
    "<< /Type /Annot /Subtype /Widget /FT /Tx /T (name) /V (Ada) /MaxLen 3 /Rect [0 0 9 9] /AP << >> >>",
]
FILLED = pdf_bytes(["Form"], catalog="/AcroForm << /Fields [100 0 R] >>", objects=FORM)
INVISIBLE = pdf_bytes(["Form"], catalog="/AcroForm << /Fields [100 0 R] >>", objects=[FORM[0].replace("/AP << >>", "")])
SCRIPTED = pdf_bytes(["x"], catalog="/OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >>", objects=FORM)
LAUNCHES = pdf_bytes(["x"], objects=["<< /Type /Annot /Subtype /Link /Rect [0 0 9 9] /A << /S /Launch /F (x) >> >>"])
SHOP = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers(id), qty INT CHECK (qty > 0));
INSERT INTO customers VALUES (1, 'Ada'), (2, 'Bo');
INSERT INTO orders VALUES (1, 1, 2), (2, 1, 3);
"""
ENDLESS = """CREATE TABLE t (a);
CREATE VIEW v AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n;"""

Case = tuple[str, Mapping[str, Content], Mapping[str, Json]]

PASSING: list[Case] = [
    ("headings.present", {"a.docx": memo_bytes()}, {"names": ["Purpose", "Results"], "level": 1, "exact": True}),
    ("headings.present", {"a.pptx": deck_bytes()}, {"names": ["Costs fell"]}),
    ("headings.present", {"a.md": "# A\n## B\n## C\n"}, {"names": ["C", "B"], "ordered": False}),
    ("headings.count", {"a.md": "# A\n## B\n"}, {"level": 1, "at_most": 1}),
    ("headings.no_skipped_levels", {"a.html": PAGE}, {}),
    ("docx_document.page", {"a.docx": memo_bytes()}, {"size": "A4", "margin_cm": 2}),
    ("docx_document.fonts", {"a.docx": memo_bytes()}, {"only": ["Calibri"], "at_most": 1}),
    ("docx_document.pictures", {"a.docx": memo_bytes()}, {"at_most": 1}),
    ("docx_document.pictures", {"a.docx": memo_bytes(alt=None)}, {"at_least": 0}),
    ("docx_document.header_footer", {"a.docx": memo_bytes()}, {"header": ["Larchmont"], "footer": ["2026"]}),
    ("docx_document.no_open_review", {"a.docx": memo_bytes()}, {}),
    ("pptx_deck.slides", {"a.pptx": deck_bytes()}, {"at_least": 2, "at_most": 2, "aspect": "16:9"}),
    ("pptx_deck.titles", {"a.pptx": deck_bytes()}, {"at_most_words": 2}),
    ("pptx_deck.notes", {"a.pptx": deck_bytes()}, {"at_least_words": 4}),
    ("pptx_deck.inside_the_slide", {"a.pptx": deck_bytes()}, {}),
    ("pptx_deck.font_size", {"a.pptx": deck_bytes()}, {"at_least_pt": 14}),
    ("pptx_deck.no_empty_placeholders", {"a.pptx": deck_bytes()}, {}),
    ("pptx_deck.chart", {"a.pptx": deck_bytes()}, {"slide": 1, "kinds": ["column"], "series": {"Revenue": [4.1, 4.4]}}),
    ("pptx_deck.chart", {"a.pptx": deck_bytes()}, {"slide": 1, "series": {"Revenue": [4, 4.4]}, "abs_tol": 0.1}),
    ("pptx_deck.chart", {"a.pptx": deck_bytes()}, {"slide": 1, "series": {"Revenue": [4, 4.4]}, "rel_tol": 0.1}),
    ("pdf_document.pages", {"a.pdf": pdf_bytes(["x", "y"])}, {"at_least": 2, "at_most": 2, "size": "A4"}),
    ("pdf_document.pages", {"a.pdf": pdf_bytes(["x"], size=(842, 595))}, {"size": "A4", "landscape": True}),
    ("pdf_document.text_on_every_page", {"a.pdf": pdf_bytes(["twelve marks"])}, {"at_least": 12}),
    ("pdf_document.page_numbers", {"a.pdf": pdf_bytes(["Page 1 of 2", "Page 2 of 2"])}, {}),
    ("pdf_document.page_numbers", {"a.pdf": pdf_bytes(["1/1"])}, {"form": "{n}/{total}"}),
    ("pdf_document.contains_each", {"a.pdf": pdf_bytes(["T-1 T-2", "T-1 T-2"])}, {"words": ["T-1"], "times": 2}),
    ("pdf_document.title_contains", {"a.pdf": pdf_bytes(["x"])}, {"words": ["C-10482"]}),
    ("pdf_document.fonts_at_hand", {"a.pdf": pdf_bytes(["x"])}, {}),
    ("pdf_document.fields", {"a.pdf": FILLED}, {"expected": {"name": "Ada"}}),
    ("pdf_document.field_count", {"a.pdf": FILLED}, {"equals": 1}),
    ("pdf_document.no_active_content", {"a.pdf": FILLED}, {}),
    ("html_page.structure", {"a.html": PAGE}, {}),
    ("html_page.no_external", {"a.html": PAGE}, {}),
    ("html_page.no_script", {"a.html": PAGE}, {}),
    ("html_page.elements", {"a.html": PAGE}, {"path": "svg[aria-label]", "at_most": 1}),
    ("html_page.elements", {"a.html": PAGE}, {"path": "table caption"}),
    ("html_page.tables", {"a.html": PAGE}, {"at_most": 1, "rows": 1}),
    ("sqlite_database.sound", {"a.db": database_bytes(SHOP)}, {}),
    (
        "sqlite_database.tables",
        {"a.db": database_bytes(SHOP)},
        {"columns": {"customers": ["id", "name"], "orders": ["id", "customer_id", "qty"]}, "exact": True},
    ),
    (
        "sqlite_database.tables",
        {"a.db": database_bytes("CREATE TABLE t (a)")},
        {"columns": {"t": ["a"]}, "primary_keys": False},
    ),
    (
        "sqlite_database.foreign_keys",
        {"a.db": database_bytes(SHOP)},
        {"expected": ["orders.customer_id->customers.id"]},
    ),
    ("sqlite_database.row_counts", {"a.db": database_bytes(SHOP)}, {"expected": {"orders": 2, "customers": 2}}),
    (
        "sqlite_database.refuses",
        {"a.db": database_bytes(SHOP)},
        {"statements": ["INSERT INTO orders VALUES (3, 1, 0)", "INSERT INTO orders VALUES (3, 9, 1)"]},
    ),
    ("sqlite_database.schema_from", {"a.db": database_bytes(SHOP), "s.sql": SHOP}, {"script": "s.sql"}),
    (
        "zip_archive.members",
        {"a.zip": zip_bytes({"c/a.py": "", "R.md": ""})},
        {"names": ["c/*.py", "R.md"], "only": True},
    ),
    ("zip_archive.lacks", {"a.zip": zip_bytes({"c/a.py": ""})}, {"names": ["*.pyc"]}),
    ("json_document.schema", {"a.json": '[{"id": 1}]'}, {"schema": {"type": "array", "items": {"required": ["id"]}}}),
    ("json_document.schema", {"a.json": '{"r": 1}'}, {"schema": {"type": "integer"}, "path": "/r"}),
    (
        "json_document.keys",
        {"a.yaml": "id: 1\nday: 2026-01-01\nok: no\n"},
        {"types": {"id": "integer", "day": "string", "ok": "string"}},
    ),
    ("json_document.keys", {"a.jsonl": '{"id": 1}\n{"id": 2}\n'}, {"types": {"id": "integer"}}),
    ("markdown_file.code_blocks", {"a.md": "```Python\nx\n```\n"}, {"at_least": {"python": 1}}),
    ("markdown_file.links_resolve", {"a.md": "# To do\n[a](b.md) [c](#to-do) [w](https://x.org)", "b.md": ""}, {}),
    ("markdown_file.pictures_described", {"a.md": "![x](b.png)"}, {}),
    ("any_file.no_secrets", {"a.md": "sk-ant is a prefix"}, {}),
]

FAILING: list[tuple[str, Mapping[str, Content], Mapping[str, Json], str, str]] = [
    (
        "headings.present",
        {"a.docx": memo_bytes(heading_style="Normal")},
        {"names": ["Purpose"]},
        "no heading 'Purpose'",
        "a.docx",
    ),
    ("headings.present", {"a.md": "# A\n## B\n"}, {"names": ["B"], "level": 1}, "no heading 'B' of level 1", "a.md"),
    ("headings.present", {"a.md": "# A\n## B\n"}, {"names": ["A"], "exact": True}, "also 'B'", "a.md:2"),
    ("headings.present", {"a.md": "# A\n# B\n"}, {"names": ["B", "A"]}, "'A', 'B'", "a.md"),
    ("headings.present", {"a.md": "# A\n\n# A\n"}, {"names": ["A"]}, "'A' more than once", "a.md:3"),
    ("headings.count", {"a.md": "# A\n# B\n"}, {"level": 1, "at_most": 1}, "2 headings of level 1", "a.md"),
    ("headings.count", {"a.md": "# A\n"}, {"level": 2}, "0 headings of level 2", "a.md"),
    ("headings.no_skipped_levels", {"a.md": "# A\n\n### B\n"}, {}, "'B' of level 3 below level 1", "a.md:3"),
    ("headings.no_skipped_levels", {"a.md": "text\n"}, {}, "no headings", "a.md"),
    (
        "docx_document.page",
        {"a.docx": memo_bytes(width_cm=21.59)},
        {"size": "A4"},
        "21.6 × 29.7 cm",
        "a.docx section 1",
    ),
    (
        "docx_document.page",
        {"a.docx": memo_bytes()},
        {"size": "A4", "margin_cm": 2.5},
        "a margin of 2.00 cm",
        "a.docx section 1",
    ),
    (
        "docx_document.page",
        {"a.docx": memo_bytes()},
        {"size": "A4", "landscape": True},
        "21.0 × 29.7 cm",
        "a.docx section 1",
    ),
    (
        "docx_document.fonts",
        {"a.docx": memo_bytes(font="Comic Sans")},
        {"only": ["Calibri"]},
        "also 'Comic Sans'",
        "a.docx",
    ),
    ("docx_document.pictures", {"a.docx": memo_bytes(alt="")}, {}, "picture 1 without an alternative text", "a.docx"),
    ("docx_document.pictures", {"a.docx": memo_bytes(alt=None)}, {}, "0 pictures", "a.docx"),
    ("docx_document.header_footer", {"a.docx": memo_bytes()}, {"header": ["Acme"]}, "without 'Acme'", "a.docx header"),
    ("docx_document.header_footer", {"a.docx": memo_bytes()}, {"footer": ["Acme"]}, "without 'Acme'", "a.docx footer"),
    ("pptx_deck.slides", {"a.pptx": deck_bytes()}, {"at_least": 3}, "2 slides", "a.pptx"),
    ("pptx_deck.slides", {"a.pptx": deck_bytes()}, {"at_most": 1}, "2 slides", "a.pptx"),
    ("pptx_deck.slides", {"a.pptx": deck_bytes()}, {"aspect": "4:3"}, "13.33 × 7.50 in", "a.pptx"),
    ("pptx_deck.titles", {"a.pptx": deck_bytes(("A", "A"))}, {}, "the title of slide 1 again: 'A'", "a.pptx slide 2"),
    ("pptx_deck.titles", {"a.pptx": deck_bytes(("A", ""))}, {}, "no title", "a.pptx slide 2"),
    ("pptx_deck.titles", {"a.pptx": deck_bytes()}, {"at_most_words": 1}, "a title of 2 words", "a.pptx slide 1"),
    ("pptx_deck.titles", {"a.pptx": deck_bytes(())}, {}, "no slides", "a.pptx"),
    ("pptx_deck.notes", {"a.pptx": deck_bytes(notes="")}, {}, "notes of 0 words", "a.pptx slide 1"),
    ("pptx_deck.notes", {"a.pptx": deck_bytes()}, {"at_least_words": 5}, "notes of 4 words", "a.pptx slide 1"),
    ("pptx_deck.inside_the_slide", {"a.pptx": deck_bytes(left_in=12)}, {}, "reaches over the edge", "a.pptx slide 1"),
    ("pptx_deck.font_size", {"a.pptx": deck_bytes(points=9)}, {"at_least_pt": 12}, "9 pt", "a.pptx slide 1"),
    ("pptx_deck.no_empty_placeholders", {"a.pptx": deck_bytes(empty_body=True)}, {}, "Placeholder", "a.pptx slide 1"),
    (
        "pptx_deck.chart",
        {"a.pptx": deck_bytes(chart=None)},
        {"slide": 1},
        "0 native charts and 0 pictures",
        "a.pptx slide 1",
    ),
    (
        "pptx_deck.chart",
        {"a.pptx": deck_bytes()},
        {"slide": 1, "kinds": ["line"]},
        "a column_clustered chart",
        "a.pptx slide 1",
    ),
    (
        "pptx_deck.chart",
        {"a.pptx": deck_bytes()},
        {"slide": 1, "series": {"Revenue": [4.1, 5]}},
        "4.4 in position 2",
        "a.pptx slide 1",
    ),
    (
        "pptx_deck.chart",
        {"a.pptx": deck_bytes()},
        {"slide": 1, "series": {"Cost": [4]}},
        "the series 'Revenue'",
        "a.pptx slide 1",
    ),
    ("pptx_deck.chart", {"a.pptx": deck_bytes()}, {"slide": 5}, "2 slides", "a.pptx"),
    ("pdf_document.pages", {"a.pdf": pdf_bytes(["x"])}, {"at_least": 2}, "1 pages", "a.pdf"),
    ("pdf_document.pages", {"a.pdf": pdf_bytes(["x", "y"])}, {"at_most": 1}, "2 pages", "a.pdf"),
    (
        "pdf_document.pages",
        {"a.pdf": pdf_bytes(["x"], size=(612, 792))},
        {"size": "A4"},
        "21.6 × 27.9 cm",
        "a.pdf page 1",
    ),
    (
        "pdf_document.text_on_every_page",
        {"a.pdf": pdf_bytes(["words", ""])},
        {},
        "0 characters and 0 pictures",
        "a.pdf page 2",
    ),
    (
        "pdf_document.page_numbers",
        {"a.pdf": pdf_bytes(["Page 1 of 2", "Page 2 of 3"])},
        {},
        "without 'Page 2 of 2'",
        "a.pdf page 2",
    ),
    ("pdf_document.contains_each", {"a.pdf": pdf_bytes(["T-1 T-1"])}, {"words": ["T-1"]}, "'T-1' 2 times", "a.pdf"),
    (
        "pdf_document.title_contains",
        {"a.pdf": pdf_bytes(["x"], title="Doc")},
        {"words": ["C-1"]},
        "the title 'Doc'",
        "a.pdf",
    ),
    ("pdf_document.fonts_at_hand", {"a.pdf": pdf_bytes(["x"], font="Futura")}, {}, "not embedded: 'Futura'", "a.pdf"),
    ("pdf_document.fields", {"a.pdf": FILLED}, {"expected": {"name": "Bo"}}, "'Ada'", "a.pdf name"),
    ("pdf_document.fields", {"a.pdf": FILLED}, {"expected": {"Name": "Ada"}}, "no field 'Name'", "a.pdf Name"),
    (
        "pdf_document.fields",
        {"a.pdf": INVISIBLE},
        {"expected": {"name": "Ada"}},
        "fields that viewers do not show",
        "a.pdf",
    ),
    ("pdf_document.field_count", {"a.pdf": pdf_bytes(["x"])}, {"equals": 1}, "0 fields", "a.pdf"),
    ("pdf_document.no_active_content", {"a.pdf": SCRIPTED}, {}, "JavaScript", "a.pdf"),
    ("pdf_document.no_active_content", {"a.pdf": LAUNCHES}, {}, "a program to launch", "a.pdf"),
    ("html_page.structure", {"a.html": PAGE.replace("<!DOCTYPE html>", "")}, {}, "the doctype ''", "a.html"),
    ("html_page.structure", {"a.html": PAGE.replace(' lang="en"', "")}, {}, "no language", "a.html"),
    ("html_page.structure", {"a.html": PAGE.replace("Survey</title>", "</title>")}, {}, "no title", "a.html"),
    ("html_page.structure", {"a.html": PAGE.replace("h1>", "h2>")}, {}, "0 h1", "a.html"),
    ("html_page.structure", {"a.html": PAGE.replace("</table>", "")}, {}, "<table> without its end", "a.html:3"),
    (
        "html_page.no_external",
        {"a.html": "<p>\n<script src=//cdn.x/y.js></script>"},
        {},
        "<script> loads '//cdn.x/y.js'",
        "a.html:2",
    ),
    ("html_page.no_external", {"a.html": "<link href=a.css rel=stylesheet>"}, {}, "<link> loads 'a.css'", "a.html:1"),
    (
        "html_page.no_external",
        {"a.html": "<style>p{background:url( 'http://x/y.png')}</style>"},
        {},
        "a style loads 'http://x/y.png'",
        "a.html",
    ),
    ("html_page.no_external", {"a.html": "<p style='background:url(x.png)'>"}, {}, "<p> loads 'x.png'", "a.html:1"),
    ("html_page.no_script", {"a.html": "<p onclick='x()'>"}, {}, "<p onclick>", "a.html:1"),
    ("html_page.no_script", {"a.html": "<a href=' java\tscript:x()'>y</a>"}, {}, "<a href>", "a.html:1"),
    ("html_page.no_script", {"a.html": "<script>1</script>"}, {}, "<script>", "a.html:1"),
    ("html_page.elements", {"a.html": PAGE}, {"path": "p caption"}, "0 elements p caption", "a.html"),
    ("html_page.elements", {"a.html": PAGE}, {"path": "p", "at_most": 1}, "2 elements p", "a.html"),
    ("html_page.tables", {"a.html": PAGE}, {"at_least": 2}, "1 tables", "a.html"),
    ("html_page.tables", {"a.html": PAGE}, {"rows": 2}, "1 rows below the header", "a.html:3"),
    (
        "html_page.tables",
        {"a.html": PAGE.replace("<caption>North</caption>", "")},
        {},
        "table 1 without 'caption'",
        "a.html:3",
    ),
    ("sqlite_database.sound", {"a.db": database_bytes("")}, {}, "no tables", "a.db"),
    (
        "sqlite_database.sound",
        {"a.db": "no database at all, but long enough to be looked at"},
        {},
        "file is not a database",
        "a.db",
    ),
    (
        "sqlite_database.sound",
        {"a.db": database_bytes(SHOP + "INSERT INTO orders VALUES (3, 9, 1);")},
        {},
        "row 3 of 'orders' refers to nothing in 'customers'",
        "a.db",
    ),
    (
        "sqlite_database.tables",
        {"a.db": database_bytes(SHOP)},
        {"columns": {"Orders2": ["id"]}},
        "no table 'Orders2'",
        "a.db Orders2",
    ),
    (
        "sqlite_database.tables",
        {"a.db": database_bytes(SHOP)},
        {"columns": {"orders": ["total"]}},
        "no column 'total'",
        "a.db orders",
    ),
    (
        "sqlite_database.tables",
        {"a.db": database_bytes("CREATE TABLE t (a)")},
        {"columns": {"t": ["a"]}},
        "no primary key",
        "a.db t",
    ),
    (
        "sqlite_database.tables",
        {"a.db": database_bytes(SHOP)},
        {"columns": {"orders": ["id"]}, "exact": True},
        "also 'customer_id'",
        "a.db orders",
    ),
    (
        "sqlite_database.foreign_keys",
        {"a.db": database_bytes(SHOP)},
        {"expected": ["orders.id -> customers.id"]},
        "no key",
        "a.db",
    ),
    (
        "sqlite_database.row_counts",
        {"a.db": database_bytes(SHOP)},
        {"expected": {"orders": 3}},
        "2 rows",
        "a.db orders",
    ),
    ("sqlite_database.row_counts", {"a.db": database_bytes(SHOP)}, {"expected": {"x": 3}}, "no such table", "a.db"),
    (
        "sqlite_database.refuses",
        {"a.db": database_bytes(SHOP)},
        {"statements": ["INSERT INTO orders VALUES (3, 1, 1)"]},
        "the statement is accepted",
        "a.db statement 1",
    ),
    (
        "sqlite_database.refuses",
        {"a.db": database_bytes(SHOP)},
        {"statements": ["INSERT INTO x VALUES (1)"]},
        "no such table",
        "a.db",
    ),
    (
        "sqlite_database.schema_from",
        {"a.db": database_bytes(SHOP), "s.sql": "CREATE TABLE orders (id)"},
        {"script": "s.sql"},
        "'customers' differs",
        "s.sql",
    ),
    (
        "sqlite_database.schema_from",
        {"a.db": database_bytes(SHOP), "s.sql": "CREATE"},
        {"script": "s.sql"},
        "SQLite says",
        "s.sql",
    ),
    ("zip_archive.members", {"a.zip": zip_bytes({"a.py": ""})}, {"names": ["b.py"]}, "nothing like 'b.py'", "a.zip"),
    (
        "zip_archive.members",
        {"a.zip": zip_bytes({"a.py": "", "b": ""})},
        {"names": ["a.py"], "only": True},
        "also 'b'",
        "a.zip",
    ),
    ("zip_archive.lacks", {"a.zip": zip_bytes({"c/a.pyc": ""})}, {"names": ["*.pyc"]}, "'c/a.pyc'", "a.zip"),
    ("zip_archive.lacks", {"a.zip": zip_bytes({})}, {"names": ["*.pyc"]}, "an empty archive", "a.zip"),
    (
        "zip_archive.members",
        {"a.zip": zip_bytes({"../x": "", "a": ""})},
        {"names": ["a"]},
        "would be written elsewhere",
        "a.zip",
    ),
    (
        "json_document.schema",
        {"a.json": '[{"id": "1"}]'},
        {"schema": {"items": {"properties": {"id": {"type": "integer"}}}}},
        "'1' is not of type 'integer'",
        "a.json /0/id",
    ),
    ("json_document.schema", {"a.json": '"2026-02-30"'}, {"schema": {"format": "date"}}, "is not a 'date'", "a.json"),
    ("json_document.keys", {"a.yaml": "a: &x 1\n"}, {"types": {"a": "any"}}, "the anchor 'x'", "a.yaml:1"),
    ("json_document.keys", {"a.yaml": "a: 1\na: 2\n"}, {"types": {"a": "any"}}, "the key 'a' twice", "a.yaml:2"),
    (
        "json_document.keys",
        {"a.yaml": "a: !!python/name:os.system x\n"},
        {"types": {"a": "any"}},
        "the tag",
        "a.yaml:1",
    ),
    ("json_document.keys", {"a.yaml": "a: [1\n"}, {"types": {"a": "any"}}, "broken YAML", "a.yaml:2"),
    ("json_document.keys", {"a.yaml": "a: 1\n---\nb: 1\n"}, {"types": {"a": "any"}}, "2 documents", "a.yaml:2"),
    (
        "json_document.keys",
        {"a.jsonl": '{"id": 1}\n\n{"id": 2}\n'},
        {"types": {"id": "integer"}},
        "Expecting value",
        "a.jsonl:2",
    ),
    (
        "markdown_file.code_blocks",
        {"a.md": "```sh\nx\n```\n"},
        {"at_least": {"python": 1}},
        "0 of 1 code blocks",
        "a.md",
    ),
    (
        "markdown_file.code_blocks",
        {"a.md": "\n```python\nx\n"},
        {"at_least": {"python": 1}},
        "a fence that is not closed",
        "a.md:2",
    ),
    ("markdown_file.links_resolve", {"a.md": "[a](b.md)"}, {}, "a link to 'b.md'", "a.md:1"),
    ("markdown_file.links_resolve", {"a.md": "[a](#b)"}, {}, "a link to #b", "a.md:1"),
    (
        "markdown_file.links_resolve",
        {"a.md": "[a](https://x.org)"},
        {"allow_web": False},
        "a link to 'https://x.org'",
        "a.md:1",
    ),
    ("markdown_file.pictures_described", {"a.md": "![](b.png)"}, {}, "'b.png' without a text", "a.md:1"),
    ("markdown_file.pictures_described", {"a.md": "![x](b.png)"}, {"at_least": 2}, "1 pictures", "a.md"),
]

IMAGES: list[tuple[str, Mapping[str, Content], Mapping[str, Json], Status, str | None]] = [
    ("size", {"a.png": picture_bytes()}, {"width": 160, "height": 90, "format": "PNG"}, Status.PASSED, None),
    ("size", {"a.png": picture_bytes()}, {"width": 161}, Status.FAILED, "160 × 90 PNG"),
    ("size", {"a.png": picture_bytes()}, {"height": 91}, Status.FAILED, "160 × 90 PNG"),
    ("size", {"a.png": picture_bytes()}, {"format": "JPEG"}, Status.FAILED, "160 × 90 PNG"),
    ("size", {"a.png": picture_bytes()[:60]}, {}, Status.FAILED, "not readable as a picture"),
    ("not_blank", {"a.png": picture_bytes()}, {"ink_percent": 2, "colours": 3}, Status.PASSED, None),
    ("not_blank", {"a.png": picture_bytes(ink=False)}, {}, Status.FAILED, "0.0% ink, 1 colours"),
    ("not_blank", {"a.png": picture_bytes()}, {"colours": 9}, Status.FAILED, "3 colours"),
    ("not_blank", {"a.png": picture_bytes()}, {"ink_percent": 90}, Status.FAILED, "ink"),
    ("corners", {"a.png": picture_bytes()}, {}, Status.PASSED, None),
    ("corners", {"a.png": picture_bytes(ground="black")}, {}, Status.FAILED, "a corner of (0, 0, 0)"),
    ("corners", {"a.png": picture_bytes(ground="#fafafa")}, {"off_by": 5}, Status.PASSED, None),
    ("corners", {"a.png": picture_bytes(ground="#fafafa")}, {"off_by": 4}, Status.FAILED, "a corner of"),
    ("corners", {"a.png": picture_bytes()}, {"colour": [255, 255]}, Status.ERRORED, None),
    ("distinct", {"a.png": picture_bytes(), "b.png": picture_bytes(shift=30)}, {}, Status.PASSED, None),
    ("distinct", {"a.png": picture_bytes(), "b.png": picture_bytes()}, {}, Status.FAILED, "0 of 256 fields"),
    ("distinct", {"a.png": picture_bytes()}, {}, Status.FAILED, "one picture"),
]

FIRST_PARAMETER = {"headings": "document", "any_file": "files"}


def _with_file(name: str, files: Mapping[str, Content], parameters: Mapping[str, Json]) -> dict[str, Json]:
    return {FIRST_PARAMETER.get(name.split(".", maxsplit=1)[0], "file"): next(iter(files)), **parameters}


@pytest.mark.parametrize(("name", "files", "parameters"), PASSING)
def test_a_good_file_passes(name: str, files: Mapping[str, Content], parameters: Mapping[str, Json]) -> None:
    result = check_files(name, files, _with_file(name, files, parameters))

    assert result.status is Status.PASSED, result


@pytest.mark.parametrize(("name", "files", "parameters", "found", "at"), FAILING)
def test_a_bad_file_fails_where_it_is_bad(
    name: str, files: Mapping[str, Content], parameters: Mapping[str, Json], found: str, at: str
) -> None:
    result = check_files(name, files, _with_file(name, files, parameters))

    assert result.status is Status.FAILED, result
    assert found in (result.found or "")
    assert str(result.at) == at


@pytest.mark.parametrize(("name", "files", "parameters", "status", "found"), IMAGES)
def test_a_picture_is_as_asked_or_fails(
    name: str, files: Mapping[str, Content], parameters: Mapping[str, Json], status: Status, found: str | None
) -> None:
    result = check_files(f"image_file.{name}", files, {"files": "*.png", **parameters})

    assert result.status is status, result
    assert (found or "") in (result.found or "")


def test_a_schema_that_refers_elsewhere_is_never_fetched() -> None:
    schema: Json = {"$ref": "http://127.0.0.1:9/schema.json"}

    result = check_files("json_document.schema", {"a.json": "1"}, {"file": "a.json", "schema": schema})

    assert result.status is Status.ERRORED
    assert "refers to 'http://127.0.0.1:9/schema.json'" in (result.found or "")


def test_a_query_without_end_fails_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evalkit.checks.read_database._QUERY_S", 0.05)

    result = check_files(
        "table.row_count",
        {"a.db": database_bytes(ENDLESS)},
        {"table": {"file": "a.db", "query": "SELECT count(*) FROM v"}, "equals": 1},
    )

    assert result.status is Status.FAILED
    assert "does not end" in (result.found or "")


@pytest.mark.parametrize(
    ("name", "content", "address"),
    [
        ("a.md", "# S\n\n| KPI | Actual |\n|---|---|\n| Margin | 12.5 |\n| Churn | 3.1 |\n", {"section": "S"}),
        ("a.docx", memo_bytes(), {"section": "Results"}),
        ("a.html", "<table><tr><th>KPI<th>Actual<tr><td>Margin<td>12.5<tr><td>Churn<td>3.1</table>", {}),
        ("a.jsonl", '{"KPI": "Margin", "Actual": 12.5}\n{"KPI": "Churn", "Actual": 3.1}', {}),
        (
            "a.db",
            database_bytes("CREATE TABLE t (KPI, Actual); INSERT INTO t VALUES ('Margin', 12.5), ('Churn', 3.1)"),
            {"query": "SELECT * FROM t"},
        ),
    ],
)
def test_one_check_of_tables_serves_every_format(name: str, content: Content, address: Mapping[str, Json]) -> None:
    expected: Json = [{"KPI": "Churn", "Actual": 3.1}, {"KPI": "Margin", "Actual": 12.5}]

    result = check_files(
        "table.equals", {name: content}, {"table": {"file": name, **address}, "key": ["KPI"], "expected": expected}
    )

    assert result.status is Status.PASSED, result
