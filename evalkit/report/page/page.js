"use strict";
// Everything shown comes from the island: gzip, base64, JSON. No text of it ever becomes markup: every node is made by
// `h`, which sets text and a fixed set of attributes, and the page's policy allows no other script.
(async () => {
  const island = document.getElementById("island");
  const bytes = Uint8Array.from(atob(island.textContent.trim()), (char) => char.charCodeAt(0));
  const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const data = JSON.parse(await new Response(unpacked).text());
  const main = document.getElementById("main");
  const nav = document.getElementById("nav");
  const SYMBOLS = { "ok": "✓", "not ok": "✗", "check error": "!", "unmeasured": "?", "not run": "–" };
  const STATES = { met: "ok", partly: "check-error", not_met: "not-ok", not_listed: "plain", unparsed: "plain" };
  const STATUSES = { passed: "ok", failed: "not-ok", errored: "check-error", skipped: "plain" };
  const CHUNK = 200;

  function h(tag, attributes, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (name === "on") for (const [event, act] of Object.entries(value)) node.addEventListener(event, act);
      else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
    }
    for (const child of children.flat(Infinity)) if (child !== null && child !== undefined && child !== "") node.append(child);
    return node;
  }
  const style = (word) => word.replace(/ /g, "-");
  const badge = (word, kind) => h("span", { class: `badge ${kind || style(word)}` }, word);
  const usd = (value) => (value === null ? "?" : Number(value).toFixed(4));
  const seconds = (value) => (value === null ? "?" : `${value.toFixed(value >= 10 ? 0 : 1)} s`);
  const answer = (value) => (value === null ? "not known" : value ? "yes" : "no");
  const link = (at, trial, text, attributes) => h("a", { href: `#/trial/${at}/${encodeURIComponent(trial.name)}`, ...attributes }, text || trial.name);

  function grid(caption, headers, rows, numbers = []) {
    const kind = (at) => (numbers.includes(at) ? "number" : null);
    return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption }, h("table", {},
      h("caption", {}, caption),
      h("thead", {}, h("tr", {}, headers.map((text, at) => h("th", { scope: "col", class: kind(at) }, text)))),
      h("tbody", {}, rows.map((row) => h("tr", {}, row.map((cell, at) => h("td", { class: kind(at) }, cell)))))));
  }
  const tableOf = (table) => [h("h2", {}, table.title),
    grid(table.title, table.headers, table.rows, table.headers.map((_, at) => at).filter((at) => !table.text[at])),
    h("ul", { class: "soft" }, table.notes.map((note) => h("li", {}, note)))];

  // --- overview -----------------------------------------------------------------------------------------------------
  function standings(trials) {
    const counts = Object.fromEntries(Object.keys(SYMBOLS).map((word) => [word, 0]));
    for (const trial of trials) counts[trial.standing] += 1;
    return counts;
  }
  function stack(trials) {
    const counts = standings(trials);
    const bar = h("div", { class: "stack", role: "img", "aria-label": Object.entries(counts).map(([word, n]) => `${n} ${word}`).join(", ") });
    for (const [word, count] of Object.entries(counts)) {
      const part = h("span", { class: style(word), title: `${count} ${word}` });
      part.style.flexGrow = count;
      bar.append(part);
    }
    return bar;
  }
  function groupsOf(run) {
    const groups = new Map();
    for (const trial of run.trials) {
      if (!groups.has(trial.group)) groups.set(trial.group, []);
      groups.get(trial.group).push(trial);
    }
    return groups;
  }
  function curve(run) {
    const measured = run.trials.filter((trial) => trial.measured);
    const last = Math.max(0, ...measured.map((trial) => trial.iterations.length));
    const rows = [];
    for (let at = 0; at < last; at++) {
      const now = measured.filter((trial) => trial.iterations.slice(0, at + 1).some((one) => one.verdict === "satisfied")).length;
      const bar = h("span", { class: "bar", role: "img", "aria-label": `${now} of ${measured.length}` });
      bar.style.width = `${(100 * now) / measured.length}%`;
      rows.push([String(at), `${now}/${measured.length}`, bar]);
    }
    return rows.length ? h("div", { class: "bars" }, grid("Satisfied by iteration, of all measured trials", ["iteration", "satisfied by now", ""], rows, [0, 1])) : null;
  }
  function overview() {
    const parts = [];
    data.runs.forEach((run, at) => {
      if (data.runs.length > 1) parts.push(h("h2", {}, run.headline));
      if (!run.trials.length) parts.push(h("p", {}, "Nothing ran."));
      parts.push(h("ul", {}, run.counts.map((line) => h("li", {}, line))), stack(run.trials));
      parts.push(h("h2", {}, "Tasks and trials"));
      const rows = [...groupsOf(run)].map(([group, trials]) => [
        h("a", { href: `#/trials?run=${at}&search=${encodeURIComponent(group)}` }, group),
        `${trials.filter((trial) => trial.ok).length}/${trials.filter((trial) => trial.measured && trial.ok !== null).length}`,
        h("span", { class: "matrix" }, trials.slice(0, CHUNK).map((trial) => link(at, trial, SYMBOLS[trial.standing], {
          class: `${style(trial.standing)}${trial.disagrees ? " disagree" : ""}`,
          "aria-label": `${trial.name}: ${trial.standing}${trial.disagrees ? ", grader and checks disagree" : ""}`,
          title: `${trial.name}: ${trial.standing}${trial.reason ? `, ${trial.reason}` : ""}` })),
        trials.length > CHUNK ? ` and ${trials.length - CHUNK} more` : ""),
      ]);
      parts.push(grid("✓ ok, ✗ not ok, ! check error, ? unmeasured, – not run; underlined twice: grader and checks disagree", ["task", "ok", "trials"], rows, [1]));
      parts.push(curve(run));
      parts.push(run.tables.filter((table) => ["Why not ok, by cause", "Grader against checks", "Rates with 95 % intervals"].includes(table.title)).map(tableOf));
    });
    return parts;
  }

  // --- trials -------------------------------------------------------------------------------------------------------
  const FILTERS = {
    all: () => true,
    failing: (trial) => trial.standing === "not ok",
    disagreeing: (trial) => trial.disagrees,
    costly: (trial, run) => trial.usd !== null && Number(trial.usd) >= run.costly,
    unmeasured: (trial) => ["unmeasured", "check error", "not run"].includes(trial.standing),
    "several iterations": (trial) => trial.iterations.length > 1,
  };
  const SORTS = {
    "failing first": (a, b) => a.rank - b.rank,
    cost: (a, b) => Number(b.usd ?? -1) - Number(a.usd ?? -1),
    iterations: (a, b) => b.iterations.length - a.iterations.length,
    time: (a, b) => (b.seconds ?? -1) - (a.seconds ?? -1),
    plan: (a, b) => a.at - b.at,
  };
  const order = (run) => {
    if (run.costly === undefined) {
      const known = run.trials.map((trial) => trial.usd).filter((value) => value !== null).map(Number).sort((a, b) => a - b);
      run.costly = known.length ? known[Math.ceil(known.length * 0.9) - 1] : Infinity;
      run.trials.forEach((trial, at) => { trial.at = at; trial.rank = Object.keys(SYMBOLS).indexOf(trial.standing) || 9; });
    }
  };
  let listed = [];
  function trialsView(query) {
    const at = Math.min(Number(query.get("run") || 0), data.runs.length - 1);
    const run = data.runs[at];
    order(run);
    const filter = FILTERS[query.get("filter")] ? query.get("filter") : "all";
    const sort = SORTS[query.get("sort")] ? query.get("sort") : "failing first";
    const search = (query.get("search") || "").toLowerCase();
    const go = (changes) => {
      const next = new URLSearchParams({ run: at, filter, sort, search: query.get("search") || "", ...changes });
      for (const [name, value] of [...next]) if (!value || value === "0" || value === "all" || value === "failing first") next.delete(name);
      location.hash = `#/trials${next.size ? `?${next}` : ""}`;
    };
    listed = run.trials.filter((trial) => FILTERS[filter](trial, run) && (!search || trial.name.toLowerCase().includes(search) || trial.reason.toLowerCase().includes(search))).sort(SORTS[sort]);
    const rows = (from) => listed.slice(from, from + CHUNK).map((trial) => [link(at, trial), badge(trial.standing), trial.sequence, trial.full, usd(trial.usd), seconds(trial.seconds)]);
    const table = grid(`${listed.length} of ${run.trials.length} trials`, ["trial", "", "verdicts", "why not ok", "USD", "time"], rows(0), [4, 5]);
    const more = h("button", { class: "more", on: { click: () => {
      const body = table.querySelector("tbody");
      for (const row of rows(body.childElementCount)) body.append(h("tr", {}, row.map((cell, column) => h("td", { class: column > 3 ? "number" : null }, cell))));
      if (body.childElementCount >= listed.length) more.remove();
    } } }, `Show ${CHUNK} more`);
    const field = h("input", { id: "search", type: "search", value: query.get("search"), on: { change: (event) => go({ search: event.target.value }) } });
    const select = h("select", { id: "sort", on: { change: (event) => go({ sort: event.target.value }) } }, Object.keys(SORTS).map((name) => h("option", { selected: name === sort }, name)));
    return [h("h2", {}, "Trials"),
      data.runs.length > 1 ? h("div", { class: "filters" }, data.runs.map((one, index) => h("button", { "aria-pressed": String(index === at), on: { click: () => go({ run: index }) } }, one.id))) : null,
      h("div", { class: "filters", role: "group", "aria-label": "Filters" }, Object.keys(FILTERS).map((name) =>
        h("button", { "aria-pressed": String(name === filter), on: { click: () => go({ filter: name }) } }, name)),
      h("label", { for: "search" }, "Search"), field, h("label", { for: "sort" }, "Order"), select),
      filter === "costly" ? h("p", { class: "soft" }, `costly: ${usd(run.costly)} USD and more, the upper tenth`) : null,
      table, listed.length > CHUNK ? more : null];
  }

  // --- one trial ----------------------------------------------------------------------------------------------------
  function criteriaOf(iteration) {
    return Object.entries(iteration.criteria).map(([id, state]) => [badge(`${id} ${state.replace("_", " ")}`, STATES[state]), " "]);
  }
  function iterationItem(one) {
    return h("li", {}, h("h3", {}, `Iteration ${one.iteration}: `, badge(one.word, one.verdict === "satisfied" ? "ok" : "check-error")),
      h("p", { class: "soft" }, `draft in ${seconds(one.working)} for ${usd(one.agent_usd)} USD of the agent's own requests; graded in ${seconds(one.grading)}`),
      h("p", {}, criteriaOf(one)),
      one.explanation ? h("div", { class: "words", "aria-label": "The grader's words" }, one.explanation) : h("p", { class: "soft" }, "no words of the grader"));
  }
  function markdown(text) {
    const parts = [];
    for (const block of text.split(/\n{2,}/)) {
      const heading = /^(#{1,6})\s+(.*)$/.exec(block);
      if (heading && !block.includes("\n")) parts.push(h("p", {}, h("strong", {}, heading[2])));
      else if (/^([-*] .*(\n|$))+$/.test(block)) parts.push(h("ul", {}, block.split("\n").map((line) => h("li", {}, line.slice(2)))));
      else if (/^(\||```|    )/.test(block)) parts.push(h("pre", {}, block));
      else parts.push(h("p", {}, block));
    }
    return parts;
  }
  const urlOf = (preview) => URL.createObjectURL(new Blob([Uint8Array.from(atob(preview.data), (char) => char.charCodeAt(0))], { type: preview.media }));
  function previewOf(file, preview) {
    if (!preview) return h("p", { class: "soft" }, data.lazy ? "loading…" : "not in this page");
    const cut = preview.cut ? h("p", { class: "soft" }, preview.cut) : null;
    if (preview.kind === "table") return preview.sheets.map((sheet) => [grid(sheet.name, sheet.rows[0] || [], sheet.rows.slice(1)), cut]);
    if (preview.kind === "markdown") return [markdown(preview.text), cut];
    if (preview.kind === "text") return [h("pre", { tabindex: 0 }, preview.text), cut];
    if (preview.kind === "image") return h("img", { src: urlOf(preview), alt: `${file.name}, as delivered` });
    if (preview.kind === "pdf") return h("iframe", { src: urlOf(preview), title: file.name });
    return h("p", { class: "soft" }, preview.why);
  }
  function fileItem(file) {
    const where = h("div", {}, previewOf(file, data.files[file.sha256]));
    if (data.lazy && !data.files[file.sha256]) {
      fetch(`preview/${file.sha256}/${encodeURIComponent(file.name)}`).then((got) => (got.ok ? got.json() : Promise.reject(new Error(String(got.status))))).then(
        (preview) => { data.files[file.sha256] = preview; where.replaceChildren(...[previewOf(file, preview)].flat(Infinity).filter(Boolean)); },
        () => where.replaceChildren("could not be loaded"));
    }
    const notes = [`${file.size_bytes.toLocaleString("en")} bytes`, `since grading: ${file.since_grading}`, ...(file.rebuilt ? ["rebuilt from recorded events"] : []), `sha256 ${file.sha256.slice(0, 12)}`];
    return h("details", { class: "preview", open: true }, h("summary", {}, h("strong", {}, file.name), " ", h("span", { class: "soft" }, notes.join(", "))), where);
  }
  function trialParts(trial) {
    const checks = trial.checks.map((check) => [badge(check.status, STATUSES[check.status]), check.id + (check.required ? "" : " (not required)"), check.found, check.wanted, check.at, check.criterion]);
    const cost = Object.entries(trial.cost).map(([name, value]) => [name, usd(value)]);
    return [h("p", {}, badge(trial.standing), ` satisfied ${answer(trial.satisfied)}, verified ${trial.grader_only ? "no required checks" : answer(trial.verified)}, ok ${answer(trial.ok)}`),
      trial.full ? h("p", {}, h("strong", {}, trial.full)) : null,
      trial.agreement ? h("p", { class: "soft" }, `grader against checks: ${trial.agreement}`) : null,
      trial.failure ? h("p", {}, trial.failure) : null,
      h("h2", {}, "What happened"), h("ol", { class: "timeline" }, trial.iterations.map(iterationItem)),
      checks.length ? [h("h2", {}, "Checks"), grid("what our checks found on the final files", ["status", "check", "found", "wanted", "where", "criteria"], checks)] : null,
      trial.files.length ? [h("h2", {}, "Files"), trial.files.map(fileItem)] : null,
      h("h2", {}, "Cost"), grid("USD; ? is not known", ["part", "USD"], cost, [1]),
      h("p", { class: "soft" }, `model ${trial.model || "not known"}, session ${trial.session || "none"}, attempt ${trial.attempt}`)];
  }
  function trialView(at, name) {
    const run = data.runs[at];
    const trial = run && run.trials.find((one) => one.name === name);
    if (!trial) return [h("h2", {}, "No such trial"), h("p", {}, h("a", { href: "#/trials" }, "All trials"))];
    return [h("h2", {}, trial.name), trialParts(trial)];
  }
  function neighbour(step) {
    const [, view, at, name] = location.hash.split("/");
    if (view !== "trial") return;
    const run = data.runs[Number(at)];
    const list = listed.some((trial) => run.trials[trial.at] === trial) ? listed : run.trials;
    const next = list[list.findIndex((trial) => trial.name === decodeURIComponent(name)) + step];
    if (next) location.hash = `#/trial/${at}/${encodeURIComponent(next.name)}`;
  }

  // --- compare ------------------------------------------------------------------------------------------------------
  const sides = () => data.runs.flatMap((run, at) => [...new Set(run.trials.map((trial) => trial.variant))].map((variant) => ({ at, variant, label: data.runs.length > 1 ? `${run.id} ${variant}` : variant })));
  const share = (trials) => { const known = trials.filter((trial) => trial.measured && trial.ok !== null); return [known.filter((trial) => trial.ok).length, known.length]; };
  function compareView(query) {
    const all = sides();
    if (all.length < 2) return [h("h2", {}, "Compare"), h("p", {}, "There is one run with one variant here; `evalkit compare A B --format html` puts two runs side by side.")];
    const chosen = [Number(query.get("a") || 0), Number(query.get("b") || 1)].map((n) => Math.min(n, all.length - 1));
    const of = (side) => data.runs[side.at].trials.filter((trial) => trial.variant === side.variant);
    const [before, after] = chosen.map((n) => of(all[n]));
    const picker = (which) => h("select", { "aria-label": which === "a" ? "before" : "after", on: { change: (event) => { const next = new URLSearchParams({ a: chosen[0], b: chosen[1], [which]: event.target.selectedIndex }); location.hash = `#/compare?${next}`; } } },
      all.map((side, at) => h("option", { selected: at === chosen[which === "a" ? 0 : 1] }, side.label)));
    const tasks = [...new Set([...before, ...after].map((trial) => trial.task))].map((task) => {
      const [a, b] = [before, after].map((trials) => trials.filter((trial) => trial.task === task));
      const [x, n] = share(a), [y, m] = share(b);
      return { task, a, b, x, n, y, m, change: n && m ? y / m - x / n : null };
    }).sort((one, other) => (one.change ?? 2) - (other.change ?? 2));
    const words = (change) => (change === null ? badge("not comparable", "plain") : change < 0 ? badge("worse", "not-ok") : change > 0 ? badge("better", "ok") : badge("same", "plain"));
    const row = (one) => [h("a", { href: `#/compare?a=${chosen[0]}&b=${chosen[1]}&task=${encodeURIComponent(one.task)}` }, one.task), `${one.x}/${one.n}`, `${one.y}/${one.m}`, words(one.change)];
    const task = tasks.find((one) => one.task === query.get("task"));
    const column = (trials, at) => h("section", {}, h("h3", {}, all[chosen[at]].label), trials.length ? trials.map((trial) => h("details", { open: trials.length === 1 }, h("summary", {}, trial.name, " ", badge(trial.standing)), trialParts(trial))) : h("p", {}, "not in this run"));
    return [h("h2", {}, "Compare"), h("div", { class: "filters" }, picker("a"), "→", picker("b")),
      data.comparison.map(tableOf),
      grid("ok n/m of the trials whose answer is known, task by task, worse first; a difference is not yet evidence", ["task", "before", "after", "change"], tasks.map(row), [1, 2]),
      task ? [h("h2", {}, task.task), h("div", { class: "sides" }, column(task.a, 0), column(task.b, 1))] : null];
  }

  // --- routes -------------------------------------------------------------------------------------------------------
  const VIEWS = { overview: ["#/", "Overview"], trials: ["#/trials", "Trials"], tables: ["#/tables", "Tables"], compare: ["#/compare", "Compare"] };
  let first = true;
  function show() {
    const [path, search] = location.hash.replace(/^#\/?/, "").split("?");
    const [view, at, name] = path.split("/");
    const query = new URLSearchParams(search || "");
    const parts = view === "trials" ? trialsView(query) : view === "trial" ? trialView(Number(at), decodeURIComponent(name || "")) :
      view === "tables" ? data.runs.map((run) => run.tables.map(tableOf)) : view === "compare" ? compareView(query) : overview();
    const here = view === "trial" ? "trials" : view || "overview";
    nav.replaceChildren(...Object.entries(VIEWS).map(([key, [href, text]]) => h("a", { href, "aria-current": key === here ? "page" : null }, text)));
    main.replaceChildren(...[parts].flat(Infinity).filter((part) => part !== null && part !== undefined && part !== ""));
    if (!first) { main.focus({ preventScroll: true }); window.scrollTo(0, 0); }
    first = false;
  }
  const KEYS = { o: "#/", t: "#/trials", b: "#/tables", c: "#/compare", Escape: "#/trials" };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
    if (event.key === "ArrowLeft") neighbour(-1);
    else if (event.key === "ArrowRight") neighbour(1);
    else if (event.key === "/") { event.preventDefault(); if (!document.getElementById("search")) location.hash = "#/trials"; setTimeout(() => document.getElementById("search").focus(), 0); }
    else if (KEYS[event.key] !== undefined) location.hash = KEYS[event.key];
  });
  window.addEventListener("hashchange", show);
  data.runs.forEach(order);
  show();
  document.documentElement.setAttribute("data-ready", "");
})();
