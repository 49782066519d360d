// One session through the official TypeScript SDK, told as JSON.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [, , folder, baseURL, rubric, task] = process.argv;
const require = createRequire(pathToFileURL(`${folder}/`));
const { default: Anthropic, toFile } = require("@anthropic-ai/sdk");
const { version } = JSON.parse(readFileSync(`${folder}/node_modules/@anthropic-ai/sdk/package.json`, "utf8"));

const client = new Anthropic({ baseURL, apiKey: "another-key", maxRetries: 0 });
const beta = client.beta;

async function all(pages) {
  const found = [];
  for await (const each of pages) found.push(each);
  return found;
}

const upload = await beta.files.upload({ file: await toFile(Buffer.from("input"), "in.txt") });
const agent = await beta.agents.create({
  name: "a",
  model: "claude-sonnet-5-5",
  tools: [{ type: "agent_toolset_20260401" }],
});
const environment = await beta.environments.create({ name: "environment of TypeScript" });
const session = await beta.sessions.create({
  agent: agent.id,
  environment_id: environment.id,
  metadata: { evalkit_task: task },
  resources: [{ type: "file", file_id: upload.id }],
});
const streamed = [];
const stream = await beta.sessions.events.stream(session.id);
await beta.sessions.events.send(session.id, {
  events: [
    {
      type: "user.define_outcome",
      description: "Write table.csv",
      rubric: { type: "text", content: rubric },
      max_iterations: 3,
    },
  ],
});
for await (const event of stream) {
  streamed.push(event);
  if (event.type === "session.status_idle") break;
}
const listed = await all(beta.sessions.events.list(session.id));
const files = await all(beta.files.list({ scope_id: session.id, betas: ["managed-agents-2026-04-01"] }));
const contents = [];
for (const file of files.filter((each) => each.downloadable)) {
  contents.push(await (await beta.files.download(file.id)).text());
}
const ids = (events) => JSON.stringify(events.map((event) => event.id));
console.log(
  JSON.stringify({
    version,
    same_events: ids(streamed) === ids(listed),
    last: streamed.at(-1).type,
    verdicts: streamed.filter((event) => event.type === "span.outcome_evaluation_end").map((event) => event.result),
    outcome: (await beta.sessions.retrieve(session.id)).outcome_evaluations[0].result,
    files: files.map((file) => file.filename).sort(),
    contents,
  }),
);
