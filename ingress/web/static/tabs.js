/** Tabs as the ARIA Authoring Practices have them: arrows, Home, End; the address names the view. */

import { byId } from "./elements.js";

const shown = () => [...byId("tabs").children].filter((tab) => !tab.hidden);

export const isShown = (view) => !byId(view).hidden;

export function show(view) {
  for (const tab of byId("tabs").children) {
    const isChosen = tab.getAttribute("aria-controls") === view;
    tab.setAttribute("aria-selected", String(isChosen));
    tab.tabIndex = isChosen ? 0 : -1;
    byId(tab.getAttribute("aria-controls")).hidden = !isChosen;
  }
  dispatchEvent(new CustomEvent("view", { detail: view }));
}

function choose(tab) {
  history.replaceState(null, "", `#${tab.getAttribute("aria-controls")}`);
  show(tab.getAttribute("aria-controls"));
  tab.focus();
}

function onKey(event) {
  const tabs = shown();
  const at = tabs.indexOf(document.activeElement);
  const steps = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 };
  if (at < 0 || !(event.key in steps)) return;
  event.preventDefault();
  choose(tabs.at(steps[event.key] % tabs.length));
}

export function setUpTabs() {
  byId("tabs").addEventListener("keydown", onKey);
  byId("tabs").addEventListener("click", ({ target }) => {
    if (target.role === "tab") choose(target);
  });
}

/** Show the view that the address names, if it is there. */
export function showNamed() {
  const named = shown().find((tab) => `#${tab.getAttribute("aria-controls")}` === location.hash);
  if (named) show(named.getAttribute("aria-controls"));
}
