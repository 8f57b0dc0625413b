// Sharing: a link to the frame, a picture, a clip, the code to embed the map,
// and the networks, whose shares are counted by sharehook.

import { typeName } from "../settings";
import { make } from "./dom";
import { button } from "./dialogs";
import { frameLink } from "./link";
import type { Page } from "./page";

const CLIP = 10_000;
/** A clip has at least so many frames, however long that takes. */
const FEWEST = 30;

/** The dialog's content. */
export function sharing(page: Page): Node[] {
  const { language } = page;
  const networks = make("div", { class: "row" });
  for (const [type, s] of page.settings.types) {
    if (s.share) networks.append(button(typeName(page.settings, type), () => shareAt(page, type, s.share)));
  }
  const code = make("textarea", { rows: "3", readonly: "", "aria-label": language.t("embed") });
  code.value = `<iframe src="${embedURL()}" width="960" height="540" style="border:0" allow="fullscreen" title="${page.settings.title}"></iframe>`;
  code.addEventListener("focus", () => code.select());
  return [
    make("h2", {}, language.t("share")),
    networks,
    make("div", { class: "row" },
      button(language.t("link"), (b) => void copy(page, b, frameLink(page))),
      button(language.t("picture"), () => void savePicture(page)),
      button(language.t("clip"), (b) => void record(page, b))),
    make("h3", {}, language.t("embed")),
    code,
  ];
}

function embedURL(): string {
  const url = new URL(location.href);
  url.hash = "";
  url.search = "?embed=1";
  return url.href;
}

async function copy(page: Page, b: HTMLElement, text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    b.textContent = page.language.t("copied");
  } catch {
    location.hash = text.replace(/^[^#]*/, "");
  }
}

/** Opens a network's page for sharing and tells sharehook, which counts it. */
function shareAt(page: Page, type: string, template: string): void {
  const url = encodeURIComponent(location.href.replace(/#.*/, ""));
  const text = encodeURIComponent(page.settings.text || page.settings.title);
  const { sharehook } = page.settings;
  if (sharehook) {
    const body = new URLSearchParams({ type: type.split(":").pop()! });
    void fetch(sharehook, { method: "POST", body, keepalive: true, credentials: "omit" }).catch(() => {});
  }
  window.open(template.replace("{url}", url).replace("{text}", text), "_blank", "noopener,width=640,height=560");
}

function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  make("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

function fileName(page: Page, ending: string): string {
  return "glow-" + new Date(page.app.at).toISOString().slice(0, 19).replace(/[:T]/g, "-") + ending;
}

/** The map with its numbers, as one picture. */
export async function picture(page: Page): Promise<HTMLCanvasElement> {
  const { scene, app, language } = page;
  const out = make("canvas");
  [out.width, out.height] = [scene.canvas.width, scene.canvas.height];
  app.frame(performance.now()); // what WebGL drew is gone after its frame
  const c = out.getContext("2d")!;
  c.drawImage(scene.canvas, 0, 0);
  const unit = out.height / 24;
  const [x, align] = language.rtl ? [out.width - unit, "right" as const] : [unit, "left" as const];
  c.textAlign = align;
  const write = (text: string, size: number, y: number, colour: string) => {
    c.font = `600 ${size}px Inter, system-ui, sans-serif`;
    c.fillStyle = colour;
    c.fillText(text, x, y);
  };
  write(page.settings.title, unit, unit * 1.8, "#eef3ff");
  write(language.number(app.total()?.n ?? 0), unit * 2.6, out.height - unit * 2.1, "#ffd9a3");
  write(`${language.t("so_far")} · ${language.moment(app.at)}`, unit * 0.7, out.height - unit, "#98a7c4");
  return out;
}

async function savePicture(page: Page): Promise<void> {
  const canvas = await picture(page);
  canvas.toBlob((blob) => blob && save(blob, fileName(page, ".png")), "image/png");
}

/** Records ten seconds of the map. */
async function record(page: Page, b: HTMLButtonElement): Promise<void> {
  const type = ["video/mp4", "video/webm;codecs=vp9", "video/webm"].find((m) => MediaRecorder.isTypeSupported(m));
  if (!type) return;
  const recorder = new MediaRecorder(page.scene.canvas.captureStream(30), { mimeType: type, videoBitsPerSecond: 8e6 });
  const parts: Blob[] = [];
  recorder.addEventListener("dataavailable", (e) => parts.push(e.data));
  recorder.addEventListener("stop", () => {
    save(new Blob(parts, { type }), fileName(page, type.includes("mp4") ? ".mp4" : ".webm"));
    b.textContent = page.language.t("clip");
    b.disabled = false;
  });
  b.textContent = page.language.t("recording");
  b.disabled = true;
  recorder.start();
  const first = page.frames;
  const end = () => (page.frames - first < FEWEST ? setTimeout(end, 1000) : recorder.stop()); // slow machines take longer
  setTimeout(end, CLIP);
}
