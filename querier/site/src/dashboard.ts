// The dashboard: what there is, a question built by controls, and every model.

import { byId, make, setText } from "../../../page/src/ui/dom";
import { Figure } from "./chart/figure";
import { Client, Trouble, type Got } from "./client";
import { Controls } from "./controls";
import { door, said } from "./door";
import { Models } from "./models";
import { fixed } from "./fixed";
import { keep } from "./keep";
import { shapes, type Answer, type Keys, type Result, type Table } from "./types";
import { swap } from "./swap";
import { every, EVERY, question, RANGES, read, write } from "./view";
import { ago, brief, date, dates, feed, moment, number, query, title, value } from "./words";

/** How often it looks for news, in ms, and how often while there is no answer. */
const [AGAIN, SOON] = [60_000, 5000];
/** How many cards of keys are shown unless all are wanted. */
const CARDS = 12;
/** How many of a dimension's values are shown. */
const VALUES = 12;

const client = new Client(new URL(feed ?? ".", location.href).href, undefined, feed === null ? undefined : fixed);
const view = read(location.hash);
const controls = new Controls(view, () => void changed());
const models = new Models(client, view, tell);
const figure = new Figure({
  title: "", file: "glow", level: "h3", kind: view.chart,
  link: (chart) => write({ ...view, model: "", chart }),
  chosen: (chart) => {
    view.chart = chart;
    if (chart === "map" && view.by !== "cell") view.by = "country";
    controls.update();
    void changed();
  },
});
let keys: Keys = { keys: [], dimensions: [] };
let asked = 0; // questions so far: only the last one's answer is shown
let looked = 0; // likewise
let timer = 0;
let all = false; // all cards are wanted

/** Says how fresh what is shown is. */
function tell(got: Got<unknown> | Trouble): void {
  const away = got instanceof Trouble ? got.message : got.away;
  said(client, got instanceof Trouble && got.status === 401);
  const badge = byId("fresh");
  const until = Date.parse(keys.until ?? keys.to ?? "");
  badge.dataset.state = away ? "away" : "live";
  if (got instanceof Trouble) setText(badge, "No answer");
  else setText(badge, away ? `As of ${ago(got.at)}` : Number.isNaN(until) ? "Up to date" : `Until ${moment(until)}`);
  const notice = byId("notice");
  notice.hidden = away === "";
  const seen = got instanceof Trouble ? "" : ` What you see is its last answer, of ${new Date(got.at).toUTCString().replace("GMT", "UTC")}.`;
  setText(notice, away && away + seen);
}

async function changed(): Promise<void> {
  view.model = "";
  history.replaceState(null, "", write(view));
  await ask(true);
}

/** Goes to the question, by eye and by keyboard. */
function goAsk(): void {
  byId("ask").scrollIntoView();
  byId("ask-title").focus({ preventScroll: true });
}

/** Asks what the controls say; aloud if somebody has just changed them. */
async function ask(aloud = false): Promise<void> {
  if (view.keys.length === 0) return figure.fail("There are no events yet.");
  const turn = ++asked;
  figure.wait(name());
  const q = question(view, keys);
  byId("question").textContent = JSON.stringify(q, null, 1).replace(/\n\s*/g, " ");
  try {
    const got = await client.ask<Answer>(q, shapes.answer);
    if (turn !== asked) return;
    tell(got);
    figure.show({ ...together(got.body.results), until: got.body.until }, { title: name(), kind: view.chart, grid: keys.grid, file: "glow-" + view.keys.join("-").replaceAll(/[^\w-]+/g, "-") });
    if (aloud) setText(byId("told"), `Shown: ${name()}.`);
  } catch (e) {
    if (!(e instanceof Trouble)) throw e;
    if (turn !== asked) return;
    figure.fail(e.message);
    setText(byId("told"), aloud ? e.message : "");
  }
}

/** What the question is, in words. */
function name(): string {
  const of = view.keys.map(title).join(", ");
  const per = view.chart === "lines" ? ` per ${EVERY[every(view, keys)]?.[0] ?? "period"}` : "";
  const by = view.by ? ` by ${view.by}` : "";
  return of + per + by;
}

/** One table of the answers for all keys. */
function together(results: Result[]): Table {
  if (results.length === 1) return results[0];
  return { columns: ["key", ...(results[0]?.columns ?? [])], rows: results.flatMap((r) => r.rows.map((row) => [r.key, ...row])) };
}

/** The cards of the keys, each with its last days. */
function overview(): void {
  const total = keys.keys.reduce((sum, k) => sum + (k.n ?? 0), 0);
  setText(byId("total"), number(total));
  const from = Date.parse(keys.from ?? "");
  const events = total === 1 ? "event" : "events";
  setText(byId("since"), Number.isNaN(from) ? events : `${events} since ${date(from)}`);
  const shown = all || keys.keys.length <= CARDS ? keys.keys : keys.keys.slice(0, CARDS - 1);
  const cards = shown.map((k) => {
    const b = make("button", { type: "button", class: "glass key" },
      make("span", { title: k.key }, make("bdi", {}, title(k.key))), make("b", {}, k.n === null ? "few" : brief(k.n)),
      make("small", {}, dates(Date.parse(k.from), Date.parse(k.to))));
    b.addEventListener("click", () => {
      view.keys = [k.key];
      controls.update();
      void changed();
      goAsk();
    });
    return make("li", {}, b);
  });
  if (shown.length < keys.keys.length) cards.push(make("li", {}, more(keys.keys.length - shown.length)));
  swap(byId("key-list"), cards);
  dimensions();
}

/** The card that brings all others. */
function more(n: number): HTMLElement {
  const b = make("button", { type: "button", class: "glass key" }, make("span", {}, "And others"), make("b", {}, number(n)), make("small", {}, "Show all"));
  b.addEventListener("click", () => {
    all = true;
    overview();
    byId("key-list").querySelectorAll("button")[CARDS - 1]?.focus();
  });
  return b;
}

function dimensions(): void {
  byId("dimensions").hidden = !keys.dimensions.some((d) => d.values.length > 0);
  swap(byId("dimension-list"), keys.dimensions.filter((d) => d.values.length > 0).map((d) => {
    const most = Math.max(...d.values.map((v) => v.n ?? 0), 1);
    const told = d.values.some((v) => v.n !== null); // not to the public
    const rows = d.values.slice(0, VALUES).map((v) => {
      const b = make("button", { type: "button" }, make("bdi", {}, value(d.name, v.value)));
      b.addEventListener("click", () => {
        controls.narrow(d.name, v.value);
        goAsk();
      });
      if (!told) return make("tr", {}, make("th", { scope: "row" }, b));
      const bar = make("i");
      bar.style.setProperty("--part", String((v.n ?? 0) / most));
      return make("tr", {}, make("th", { scope: "row" }, b), make("td", { class: "bar", "aria-hidden": "true" }, bar), make("td", { class: "n" }, v.n === null ? "" : brief(v.n)));
    });
    const columns = [make("th", { scope: "col" }, told ? "Value" : "Value, the most frequent first"), ...(told ? [make("td"), make("th", { scope: "col" }, "Events")] : [])];
    const head = make("thead", { class: "vh" }, make("tr", {}, ...columns));
    const body = rows.length ? [make("table", { "aria-label": title(d.name) }, head, make("tbody", {}, ...rows))] : [];
    return make("section", { class: "glass dimension" },
      make("h3", {}, title(d.name), make("small", {}, d.distinct === undefined ? "" : ` ${number(d.distinct)}${d.more ? "+" : ""} ${d.distinct === 1 ? "value" : "values"}`)), ...body);
  }));
}

/** Forgets all that is shown: it was not meant for who asks now. */
function clear(): void {
  keys = { keys: [], dimensions: [] };
  asked++;
  overview();
  models.show([], keys);
  byId("no-models").hidden = true;
  figure.fail("");
  figure.wait();
  void look();
}

/** Learns what there is, and shows it; again after a while, which is short as long as there is nothing to show. */
async function look(): Promise<void> {
  const turn = ++looked;
  clearTimeout(timer);
  let next = AGAIN;
  try {
    const got = await (feed === null ? client.get("v1/keys", shapes.keys) : client.get("v1/models", shapes.models));
    if (turn !== looked) return;
    if ("keys" in got.body) keys = got.body;
    tell(got);
    if (feed === null) {
      overview();
      controls.offer(keys);
    }
    document.body.dataset.known = "";
    models.show(got.body.models ?? [], keys);
    if (feed === null) await ask();
  } catch (e) {
    if (!(e instanceof Trouble)) throw e;
    if (turn !== looked) return;
    tell(e);
    if (keys.keys.length === 0) figure.fail(e.message);
    if (keys.keys.length === 0 && e.status !== 401) next = SOON;
  } finally {
    if (turn === looked) timer = setTimeout(again, next);
    document.body.dataset.known = document.body.dataset.ready = "";
  }
}

/** Looks again, once somebody sees it. */
function again(): void {
  if (document.hidden) addEventListener("visibilitychange", again, { once: true });
  else void look();
}

function start(): void {
  document.documentElement.dir = query.get("dir") === "rtl" ? "rtl" : "ltr";
  document.body.classList.toggle("still", feed !== null);
  byId("ask-figure").append(figure.root);
  figure.wait();
  door(client, clear);
  keep();
  addEventListener("hashchange", () => {
    Object.assign(view, read(location.hash));
    controls.offer(keys);
    void ask();
  });
  void look();
  Object.assign(window, { glow: { view, figure, client, look, ranges: RANGES } }); // for tests and the curious
}

start();
