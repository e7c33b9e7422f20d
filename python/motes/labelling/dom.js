// Elements of the page.

export const byId = (id) => document.getElementById(id);

/** An element with attributes and children. */
export function make(kind, attributes = {}, ...children) {
  const element = document.createElement(kind);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

const NUMBERS = new Intl.NumberFormat("en");

/** Whole numbers with their thousands apart. */
export const count = (n, what = "") => {
  const told = NUMBERS.format(n);
  return what ? `${told} ${what}${n === 1 ? "" : "s"}` : told;
};
