// <glow-map>: the map in any page, by one script tag.
//
//	<script src="https://downloads.example.org/glow-map.js"></script>
//	<glow-map view="globe" lang="de"></glow-map>
//
// Attributes are passed on as parameters: view, lang, wall, calm, render.

const home = new URL(".", (document.currentScript as HTMLScriptElement).src);

class GlowMap extends HTMLElement {
  connectedCallback(): void {
    const url = new URL(home);
    url.searchParams.set("embed", "1");
    for (const name of ["view", "lang", "wall", "calm", "render"]) {
      const value = this.getAttribute(name);
      if (value !== null) url.searchParams.set(name, value);
    }
    const frame = document.createElement("iframe");
    frame.src = url.href;
    frame.title = this.title || "Glow";
    frame.allow = "fullscreen";
    frame.style.cssText = "border:0;display:block;width:100%;height:100%;aspect-ratio:16/9";
    this.replaceChildren(frame);
    if (!this.style.display) this.style.display = "block";
  }
}

customElements.define("glow-map", GlowMap);
