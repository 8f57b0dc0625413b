// Has the service worker keep the pages themselves, so that they open while the
// querier is away. Where there is none (no https) they need it to open.

import { feed } from "./words";

/** The one string that may become the address of a script. */
interface Types {
  createPolicy(name: string, rules: { createScriptURL: () => string }): { createScriptURL(s: string): string };
}

export function keep(): void {
  if (!navigator.serviceWorker || feed) return; // files of any web server have none
  const types = (window as { trustedTypes?: Types }).trustedTypes;
  const rules = { createScriptURL: () => "sw.js" };
  const address = types ? types.createPolicy("glow", rules).createScriptURL("") : "sw.js";
  navigator.serviceWorker.register(address).catch(() => undefined); // it works without
}
