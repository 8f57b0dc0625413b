// The internal door: a token, kept for this tab only and never in an address.

import { byId, setText } from "../../../page/src/ui/dom";
import type { Client } from "./client";

const NAME = "glow-token";

/** Says by which door we came, or that the querier does not know the token. */
export function said(client: Client, refused = false): void {
  setText(byId("enter"), refused ? "Token refused" : client.token ? "Internal" : "Public");
}

/** Wires the button and the dialog; changed is called when the token has changed. */
export function door(client: Client, changed: () => void): void {
  const dialog = byId<HTMLDialogElement>("door");
  const input = byId<HTMLInputElement>("token");
  try {
    client.token = sessionStorage.getItem(NAME) ?? "";
  } catch {
    // No storage: the token lasts until the page is left.
  }
  said(client);
  const use = (token: string) => {
    client.leave();
    client.token = token;
    input.value = "";
    try {
      if (token) sessionStorage.setItem(NAME, token);
      else sessionStorage.removeItem(NAME);
    } catch {
      // As above.
    }
    said(client);
    dialog.close();
    changed();
  };
  byId("enter").addEventListener("click", () => dialog.showModal());
  byId("token-form").addEventListener("submit", (e) => {
    e.preventDefault();
    use(input.value.trim());
  });
  byId("leave").addEventListener("click", () => use(""));
  byId("door-close").addEventListener("click", () => dialog.close());
}
