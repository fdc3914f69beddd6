// Asks yaml-language-server, as an editor would, about specs under a schema: node look.js PACKAGES SCHEMA
//
// Prints a line for each fault, and fails if there is one.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const { spawn } = require("node:child_process");
const { createRequire } = require("node:module");
const { pathToFileURL } = require("node:url");

const [packages, schemaFile] = process.argv.slice(2).map((name) => path.resolve(name));
const installed = createRequire(path.join(packages, "here.js"));
const rpc = installed("vscode-jsonrpc/node");
const yaml = installed("yaml");

const root = path.resolve(__dirname, "../..");
const schema = JSON.parse(fs.readFileSync(schemaFile, "utf8"));
const faults = [];

// The place of the cursor in a text.
const CURSOR = "‸";

const SPEC = `version: 1
stack: net
packages:
  x:
    areas: [China, Europe]
    bandwidth: 7
    autoPay: false
`;

// What a person types for each field.
const VALUES = {
  account: "1",
  adopt: "cenbwp-1",
  areas: "[China, Europe]",
  cenId: "cen-1",
  description: "text",
  distinctFrom: "[cenbwp-1]",
  ignore: "[tags]",
  include: "[defaults.yaml]",
  limits: "{maxPurchases: 1, maxNewMbps: 1, maxSpend: 5000 CNY}",
  movedFrom: "old",
  name: "text",
  resourceGroupId: "rg-1",
  stack: "net",
  tags: "{team: network}",
  bandwidth: "7",
  autoPay: "false",
  autoRenew: "false",
  autoRenewDuration: "1",
};

class Editor {
  constructor() {
    const server = require.resolve(path.join(packages, "node_modules/yaml-language-server/bin/yaml-language-server"));
    this.process = spawn(process.execPath, [server, "--stdio"], { stdio: ["pipe", "pipe", "inherit"] });
    this.connection = rpc.createMessageConnection(
      new rpc.StreamMessageReader(this.process.stdout),
      new rpc.StreamMessageWriter(this.process.stdin),
    );
    this.waiting = new Map();
    this.opened = 0;
    this.connection.onNotification("textDocument/publishDiagnostics", ({ uri, diagnostics }) => {
      this.waiting.get(uri)?.(diagnostics.map((it) => `line ${it.range.start.line}: ${it.message}`));
    });
    // No catalogue of schemas is fetched: only the line at the top of a document names one.
    const settings = { yaml: { schemaStore: { enable: false }, validate: true, hover: true, completion: true } };
    this.connection.onRequest("workspace/configuration", ({ items }) => items.map((it) => settings[it.section] ?? {}));
    this.connection.onRequest("client/registerCapability", () => null);
    this.connection.listen();
  }

  async start() {
    const documentation = ["markdown", "plaintext"];
    await this.connection.sendRequest("initialize", {
      processId: process.pid,
      rootUri: null,
      capabilities: {
        workspace: { configuration: true },
        textDocument: {
          hover: { contentFormat: documentation },
          completion: { completionItem: { snippetSupport: true, documentationFormat: documentation } },
        },
      },
    });
    await this.connection.sendNotification("initialized", {});
  }

  // Opens a document that says where its schema is, as docs/spec.md shows, and returns its name and its faults.
  async open(text) {
    const name = `document-${++this.opened}.yaml`;
    const uri = pathToFileURL(path.join(path.dirname(schemaFile), name)).href;
    const answered = new Promise((answer) => this.waiting.set(uri, answer));
    const top = `# yaml-language-server: $schema=./${path.basename(schemaFile)}\n`;
    await this.connection.sendNotification("textDocument/didOpen", {
      textDocument: { uri, languageId: "yaml", version: 1, text: top + text },
    });
    return { uri, diagnostics: await answered };
  }

  async diagnose(text) {
    return (await this.open(text)).diagnostics;
  }

  // Asks at the cursor.
  async ask(what, text) {
    const before = text.slice(0, text.indexOf(CURSOR)).split("\n");
    const { uri } = await this.open(text.replace(CURSOR, ""));
    const position = { line: before.length, character: before.at(-1).length };
    return this.connection.sendRequest(`textDocument/${what}`, { textDocument: { uri }, position });
  }

  async hover(text) {
    return (await this.ask("hover", text))?.contents.value ?? "";
  }

  async complete(text) {
    return (await this.ask("completion", text)).items;
  }

  stop() {
    this.connection.dispose();
    this.process.kill();
  }
}

// Inserts a completion as an editor does: later lines get the indentation of the first, and a tab stop keeps its value.
// Where it has none, a person types one.
function inserted(text, item) {
  const lines = text.replace(CURSOR, "").split("\n");
  const { range, newText } = item.textEdit ?? {};
  const at = text.slice(0, text.indexOf(CURSOR)).split("\n");
  const line = range ? range.start.line - 1 : at.length - 1;
  const [start, end] = range ? [range.start.character, range.end.character] : [at.at(-1).length, at.at(-1).length];
  const indentation = lines[line].match(/^ */)[0];
  const value = (newText ?? item.insertText)
    .replace(/\n/g, `\n${indentation}`)
    .replace(/\$\{\d+:([^}]*)\}/g, "$1")
    .replace(/\$\{?\d+\}?/g, "")
    .replace(/(\w+): *$/gm, (empty, name) => (VALUES[name] ? `${name}: ${VALUES[name]}` : empty));
  lines[line] = lines[line].slice(0, start) + value + lines[line].slice(end);
  return { document: lines.join("\n"), value };
}

// A value that the user still has to type is no fault.
function isOpen(value) {
  const last = value.trimEnd().split("\n").at(-1);
  return last.endsWith(":") || last.trim() === "-" || value.trim() === "";
}

// The server waits a while before it looks at a document, so all of them are open at the same time.
function each(items, look) {
  return Promise.all(items.map(look));
}

async function specsAreClean(editor) {
  const files = walk("examples");
  // The schema is not for files that documents include: they have no stack.
  const isSpec = (text) => /^version: 1$/m.test(text) && /^stack: /m.test(text);
  const specs = files.filter((file) => isSpec(fs.readFileSync(path.join(root, file), "utf8")));
  if (specs.length < 8) faults.push(`only ${specs.length} examples were found`);
  await each(specs, async (file) => {
    for (const found of await editor.diagnose(fs.readFileSync(path.join(root, file), "utf8"))) {
      faults.push(`${file} is valid, and the editor marks ${found}`);
    }
  });
}

function walk(folder) {
  return fs.readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = `${folder}/${entry.name}`;
    return entry.isDirectory() ? walk(name) : name.endsWith(".yaml") ? [name] : [];
  });
}

async function mistakesAreMarked(editor) {
  const cases = [
    [["bandwidth: 7", "bandwith: 7"], ['Missing property "bandwidth"', "bandwith"]],
    [["    autoPay: false\n", ""], ['Missing property "autoPay"']],
    [["China", "Chima"], ["not known"]],
    [["China", "Middle-East"], ["no longer sold"]],
    [["7", '"7"'], ["integer"]],
    [["7", "0"], ["minimum"]],
    [["false", "yes"], ["boolean"]],
    [["  x:", "  X:"], ["lower-case letter"]],
    [["7", "7\n    name: ${NAME}"], ["template"]],
    [["7", "7\n    description: http://x"], ["http://"]],
    [["7", "7\n    tags: {cenbwp: x}"], ["set by cenbwp itself"]],
    [["7", "7\n    manage: retired"], ["full", "observe"]],
  ];
  await each(cases, async ([[from, to], expected]) => {
    const found = (await editor.diagnose(SPEC.replace(from, to))).join("\n");
    for (const words of expected.filter((words) => !found.includes(words))) {
      faults.push(`${JSON.stringify(to)} is not marked with ${JSON.stringify(words)}: ${found}`);
    }
  });
  // What the defaults give is not missing.
  const given = SPEC.replace("packages:", "defaults: {bandwidth: 7, manage: observe}\npackages:").replace(/    bandwidth[^]*/, "");
  for (const found of await editor.diagnose(given)) faults.push(`with defaults the editor marks ${found}`);
}

async function everyKeyExplainsItself(editor) {
  const fields = Object.keys(schema.definitions.package.properties);
  const value = (name) => VALUES[name] ?? schema.definitions[name]?.default ?? "1";
  const full = `version: 1
stack: net
account: 1
limits:
  maxPurchases: 1
  maxNewMbps: 1
  maxSpend: 5000 CNY
defaults:
  bandwidth: 7
packages:
  x:
${fields.map((name) => `    ${name}: ${value(name)}\n`).join("")}`;
  for (const found of await editor.diagnose(full)) faults.push(`the full spec is marked: ${found}`);
  const keys = [...full.matchAll(/^ *([\w-]+):/gm)];
  if (keys.length < 25) faults.push(`only ${keys.length} keys were found`);
  await each(keys, async (key) => {
    const at = key.index + key[0].indexOf(key[1]) + 1;
    const text = await editor.hover(full.slice(0, at) + CURSOR + full.slice(at));
    const title = key[1] === "x" ? "package" : key[1];
    if (!text.startsWith(`#### ${title}\n`)) faults.push(`${key[1]} is titled ${JSON.stringify(text.split("\n")[0])}`);
    if (text.split("\n").length < 3) faults.push(`${key[1]} has no description`);
  });
  for (const [field, words] of [["manage: full", "never bought or changed"], ["chargeType: PREPAY", "Paid by use"]]) {
    const text = await editor.hover(full.replace(field, field.replace(": ", `: ${CURSOR}`)));
    if (!text.includes(words)) faults.push(`the values of ${field} are not explained: ${text}`);
  }
}

// What has to be offered, and makes a valid document when it is inserted.
const OFFERED = {
  "an empty document": ["a spec", "cenbwp spec"],
  packages: ["a package"],
  "a new package": ["required fields"],
  "the value of areas": ["two areas"],
  "the value of bandwidth": ["100"],
  "the value of autoPay": ["true", "false"],
  "the value of cenId": ["null"],
  "the value of manage": ["full", "observe", "release", "retire"],
  "the value of period": ["1", "2", "3", "6"],
  "an area": ["China", "Asia-Pacific", "Europe", "North-America", "South-America"],
  "an ignored field": ["bandwidth", "tags"],
};

async function completionsAreValid(editor) {
  const inPackage = `${SPEC}    ${CURSOR}\n`;
  const places = {
    "an empty document": CURSOR,
    "a document": `${SPEC}${CURSOR}`,
    defaults: SPEC.replace("packages:", `defaults:\n  ${CURSOR}\npackages:`),
    limits: SPEC.replace("packages:", `limits:\n  ${CURSOR}\npackages:`),
    packages: `${SPEC}  ${CURSOR}`,
    "a new package": `${SPEC}  new:\n    ${CURSOR}`,
    "a package": inPackage,
  };
  for (const name of Object.keys(schema.definitions.package.properties)) {
    const rest = name === "areas" ? SPEC.replace(/    areas.*\n/, "") : SPEC.replace(new RegExp(`    ${name}.*\n`), "");
    places[`the value of ${name}`] = `${rest}    ${name}: ${CURSOR}\n`;
  }
  places["an area"] = SPEC.replace("China,", `${CURSOR},`);
  places["an ignored field"] = `${SPEC}    ignore:\n      - ${CURSOR}\n`;
  await each(Object.entries(places), async ([place, text]) => {
    const items = await editor.complete(text);
    const labels = items.map((item) => item.label);
    for (const label of (OFFERED[place] ?? []).filter((label) => !labels.includes(label))) {
      faults.push(`${label} is not offered in ${place}: ${labels.join(", ")}`);
    }
    await each(items, async (item) => {
      const { document, value } = inserted(text, item);
      if (isOpen(value)) return;
      // A single field cannot be a whole document or package.
      const whole = (OFFERED[place] ?? []).includes(item.label);
      const found = (await editor.diagnose(document)).filter((it) => whole || !it.includes("Missing property"));
      if (found.length) faults.push(`${item.label} in ${place} inserts ${JSON.stringify(value)}: ${found.join("; ")}`);
    });
  });
}

async function main() {
  // A server that ends early leaves every answer open, and nothing to wait for.
  process.exitCode = 1;
  const editor = new Editor();
  await editor.start();
  await specsAreClean(editor);
  await mistakesAreMarked(editor);
  await everyKeyExplainsItself(editor);
  await completionsAreValid(editor);
  editor.stop();
  for (const fault of faults) console.log(`editor: ${fault}`);
  process.exitCode = faults.length ? 1 : 0;
}

main();
