/** Short ways to find, make and fill elements of the page. */

export const byId = (id) => document.getElementById(id);

/** element("a", {href: "x", "aria-label": "y"}, "text", child …); false and null are left out. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child != null));
  return made;
}

export function button(text, onClick, attributes = {}) {
  const made = element("button", { type: "button", ...attributes }, text);
  made.addEventListener("click", onClick);
  return made;
}

/** Fill a <select>, and keep what was chosen where it is still there. Entries: [value, text]. */
export function fill(select, entries) {
  const before = select.value;
  select.replaceChildren(...entries.map(([value, text]) => element("option", { value }, text)));
  if (entries.some(([value]) => value === before)) select.value = before;
  select.closest("label").hidden = entries.length === 0;
}
