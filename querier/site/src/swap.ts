// Content that is made anew while somebody uses it: who was in it by keyboard
// stays in it, and a list that is open stays open.

const REACHED = "button, a, input, select, textarea, summary, [tabindex]";

/** Replaces what is in an element; the focus stays where it was, or at what looks like it. */
export function swap(parent: Element, nodes: Node[]): void {
  const at = document.activeElement;
  const index = at && parent.contains(at) ? [...parent.querySelectorAll(REACHED)].indexOf(at) : -1;
  parent.replaceChildren(...nodes);
  if (index < 0) return;
  const now = [...parent.querySelectorAll<HTMLElement>(REACHED)];
  (now.find((e) => e.textContent === at!.textContent) ?? now[Math.min(index, now.length - 1)])?.focus({ preventScroll: true });
}

/** Likewise, for what nobody listens to: if it says the same, nothing happens. */
export function fill(parent: Element, nodes: Element[]): void {
  const old = parent.children;
  if (old.length !== nodes.length || nodes.some((n, i) => !n.isEqualNode(old[i]))) parent.replaceChildren(...nodes);
}
