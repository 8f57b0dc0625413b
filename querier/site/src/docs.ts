// The documentation's examples: a question to change, and what comes of it as
// chart, JSON, CSV and the same as curl.

import { make, setText } from "../../../page/src/ui/dom";
import { Figure } from "./chart/figure";
import type { Kind } from "./chart/shape";
import { Client } from "./client";
import { door } from "./door";
import { keep } from "./keep";
import { shapes, type Answer, type Keys, type Question } from "./types";
import { DAY, HOUR, MINUTE } from "./words";

const base = new URL(".", location.href).href;
const client = new Client(base);
/** What the examples are written about; taken for what the archive has. */
const KEY = "download";
/** The most of an answer that is shown. */
const MOST = 4000;

type Tab = "chart" | "json" | "csv" | "curl";

let count = 0;

class Example {
  #text = make("textarea", { spellcheck: "false", autocapitalize: "off" });
  #out = make("pre", { tabindex: "0" });
  #tabs = make("div", { role: "tablist", "aria-label": "Answer as" });
  #panel = make("div", { role: "tabpanel", tabindex: "-1" });
  #status = make("span", { class: "note", role: "status" });
  #figure: Figure | undefined;
  #tab: Tab;
  #path: string | undefined;

  constructor(private root: HTMLElement) {
    const id = "example-" + ++count;
    this.#path = root.dataset.path;
    const wrong = root.dataset.wrong !== undefined;
    const tabs: Tab[] = this.#path || wrong ? ["json", "curl"] : ["chart", "json", "csv", "curl"];
    this.#tab = (root.dataset.as as Tab) ?? tabs[0];
    this.#panel.id = id;
    const names: Record<Tab, string> = { chart: "Chart", json: "JSON", csv: "CSV", curl: "curl" };
    for (const t of tabs) this.#tabs.append(make("button", { type: "button", role: "tab", "data-tab": t, "aria-controls": id }, names[t]));
    this.#tabs.addEventListener("click", (e) => this.#choose((e.target as HTMLElement).dataset.tab as Tab));
    this.#tabs.addEventListener("keydown", (e) => this.#arrow(e));
    const run = make("button", { type: "button", class: "strong" }, "Run");
    run.addEventListener("click", () => void this.run());
    const title = root.dataset.title ?? "";
    root.append(make("p", { class: "name" }, title));
    if (!this.#path) {
      this.#text.setAttribute("aria-label", "Question: " + title);
      this.#text.addEventListener("keydown", (e) => {
        if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) void this.run();
      });
      root.append(this.#text);
    }
    root.append(make("div", { class: "row" }, run, this.#status, this.#tabs), this.#panel);
    this.#mark();
  }

  /** Writes the question, about what there is. */
  fill(keys: Keys | null): void {
    const text = this.root.dataset.question;
    if (!text || this.#text.value) return;
    const q = JSON.parse(text) as Question;
    const end = Date.parse(keys?.until ?? keys?.to ?? "");
    if (keys?.keys.length && !keys.keys.some((k) => k.key === KEY)) q.keys = [keys.keys[0].key];
    if (q.from && q.to && !Number.isNaN(end)) {
      [q.from, q.to, q.every] = week(Date.parse(keys?.from ?? ""), end);
    }
    this.#text.value = pretty(q);
  }

  at(e: Element): boolean {
    return e === this.root;
  }

  watch(seen: IntersectionObserver): void {
    seen.observe(this.root);
  }

  async run(): Promise<void> {
    this.root.dataset.state = "asked";
    setText(this.#status, "");
    try {
      await this.#show();
      this.root.dataset.state = "answered";
    } catch (e) {
      const sentence = e instanceof Error ? e.message : String(e);
      const see = (e as { see?: string }).see;
      this.#panel.replaceChildren(make("p", { class: "notice" }, sentence + " ", ...(see?.startsWith("/#") ? [make("a", { href: see.slice(1) }, "More about it")] : [])));
      this.root.dataset.state = "refused";
    }
  }

  async #show(): Promise<void> {
    if (this.#tab === "curl") return this.#write(this.#curl());
    if (this.#path) {
      const got = await client.get(this.#path, (v): v is object => typeof v === "object" && v !== null);
      this.#said(got);
      return this.#write(JSON.stringify(got.body, null, 1));
    }
    const q = this.#question();
    if (this.#tab === "csv") return this.#write(await csv(q));
    const got = await client.ask<Answer>(q, shapes.answer);
    this.#said(got);
    if (this.#tab === "json") return this.#write(shown(got.body));
    this.#chart(got.body);
  }

  #said(got: { at: number; away: string }): void {
    setText(this.#status, got.away && `${got.away} This is its answer of ${new Date(got.at).toUTCString().replace("GMT", "UTC")}.`);
  }

  #question(): Question {
    try {
      return JSON.parse(this.#text.value) as Question;
    } catch (e) {
      throw new Error("This is no JSON yet: " + (e as Error).message);
    }
  }

  #chart(answer: Answer): void {
    const title = this.root.dataset.title!;
    this.#figure ??= new Figure({ title, file: "glow", kind: this.root.dataset.kind as Kind | undefined });
    this.#panel.replaceChildren(this.#figure.root);
    const [first] = answer.results;
    const rows = answer.results.flatMap((r) => r.rows.map((row) => [r.key, ...row]));
    this.#figure.show({ ...(answer.results.length === 1 ? first : { columns: ["key", ...(first?.columns ?? [])], rows }), until: answer.until });
  }

  #write(text: string): void {
    this.#out.setAttribute("aria-label", "Answer");
    setText(this.#out, text.length > MOST ? text.slice(0, MOST) + "\n…" : text);
    this.#panel.replaceChildren(this.#out);
  }

  #curl(): string {
    if (this.#path) return `curl '${base}${this.#path}'`;
    const text = JSON.stringify(this.#question()).replaceAll("'", "'\\''");
    const accept = this.root.dataset.as === "csv" ? " -H 'Accept: text/csv'" : "";
    return `curl${accept} '${base}v1/query' -d '${text}'`;
  }

  #choose(tab: Tab | undefined): void {
    if (!tab) return;
    this.#tab = tab;
    this.#mark();
    void this.run();
  }

  #mark(): void {
    for (const b of this.#tabs.children) {
      const on = (b as HTMLElement).dataset.tab === this.#tab;
      b.setAttribute("aria-selected", String(on));
      b.setAttribute("tabindex", on ? "0" : "-1");
      if (on) this.#panel.setAttribute("aria-label", b.textContent!);
    }
  }

  #arrow(e: KeyboardEvent): void {
    const way = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
    if (!way) return;
    const all = [...this.#tabs.children] as HTMLElement[];
    const next = all[(all.findIndex((b) => b.dataset.tab === this.#tab) + way + all.length) % all.length];
    next.focus();
    this.#choose(next.dataset.tab as Tab);
  }
}

/** The last week of what there is, by the hour; a young archive from its beginning, by the minute. */
function week(first: number, end: number): [from: string, to: string, every: string] {
  const stamp = (ms: number) => new Date(ms).toISOString().replace(".000Z", "Z");
  const to = Math.ceil(end / DAY) * DAY;
  if (!(end - first < DAY)) return [stamp(to - 7 * DAY), stamp(to), "1h"];
  const [every, long] = end - first < 4 * HOUR ? ["1m", MINUTE] as const : ["10m", 10 * MINUTE] as const;
  return [stamp(Math.floor(first / long) * long), stamp(Math.ceil((end + 1) / long) * long), every];
}

/** A question on lines of its own. */
function pretty(q: Question): string {
  const fields = Object.entries(q).map(([k, v]) => `  ${JSON.stringify(k)}: ${JSON.stringify(v).replaceAll(/([,:])(?=["[{])/g, "$1 ")}`);
  return `{\n${fields.join(",\n")}\n}`;
}

/** An answer with a row on each line. */
function shown(answer: Answer): string {
  return JSON.stringify(answer).replaceAll(/\],\[/g, "],\n  [").replace('"rows":[', '"rows":[\n  ');
}

/** The answer as CSV; it goes past the client, which keeps JSON. */
async function csv(q: Question): Promise<string> {
  const headers: Record<string, string> = { "Content-Type": "application/json", Accept: "text/csv" };
  if (client.token) headers.Authorization = "Bearer " + client.token;
  const r = await fetch(new URL("v1/query", base), { method: "POST", headers, body: JSON.stringify(q) }).catch(() => null);
  if (!r) throw new Error("The querier does not answer.");
  if (r.ok) return r.text();
  await client.ask(q, shapes.answer); // says why
  throw new Error(`The querier answered with ${r.status}.`);
}

async function start(): Promise<void> {
  for (const e of document.querySelectorAll(".base")) setText(e, base);
  const examples = [...document.querySelectorAll<HTMLElement>(".example")].map((e) => new Example(e));
  door(client, () => examples.forEach((e) => void e.run()));
  keep();
  const keys = await client.get("v1/keys", shapes.keys).then((got) => got.body, () => null);
  const seen = new IntersectionObserver((entries) => {
    for (const e of entries) {
      if (!e.isIntersecting) continue;
      seen.unobserve(e.target);
      void examples.find((x) => x.at(e.target))?.run();
    }
  }, { rootMargin: "200px" });
  for (const e of examples) {
    e.fill(keys);
    e.watch(seen);
  }
  document.body.dataset.ready = "";
}

void start();
