// Numbers into pictures: what the data hold, colours, canvases.

/** Integers from base64, as the page's data hold them. */
function decoded(text, Kind) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new Kind(bytes.buffer);
}

const UNSEEN = [86, 180, 233];
const CIVIDIS = [[0, 34, 78], [18, 53, 112], [59, 73, 108], [87, 93, 109], [112, 113, 115], [138, 134, 120], [165, 156, 116],
  [195, 179, 105], [225, 204, 85], [254, 232, 56]];
const GREY = [[0, 0, 0], [255, 255, 255]];

/** Colour at a share of a map's length, between its anchors. */
function colour(map, share) {
  const place = Math.min(Math.max(share, 0), 1) * (map.length - 1);
  const first = Math.min(Math.floor(place), map.length - 2);
  return [0, 1, 2].map((i) => map[first][i] + (place - first) * (map[first + 1][i] - map[first][i]));
}

/** Least and greatest of the values that are there. */
function range(values) {
  let low = Infinity, high = -Infinity;
  for (const value of values) {
    if (value === null) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return low <= high ? [low, high] : [0, 1];
}

/** Limits that a few extreme values do not stretch: the 1st to the 99th percentile of those that are there. */
function within(values) {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b);
  const at = (share) => sorted[Math.round(share * (sorted.length - 1))];
  return sorted.length ? [at(0.01), at(0.99)] : [0, 1];
}

/** Draw values, row by row; one value a canvas pixel, null where nothing was seen. */
function drawImage(canvas, values, [rows, columns], map = GREY, [low, high] = range(values)) {
  canvas.width = columns;
  canvas.height = rows;
  const image = canvas.getContext("2d").createImageData(columns, rows);
  const table = Array.from({length: 256}, (_, i) => colour(map, i / 255));
  for (let i = 0; i < values.length; i++) {
    const shade = values[i] === null ? UNSEEN : table[high > low ? Math.round(255 * Math.min(Math.max((values[i] - low) / (high - low), 0), 1)) : 0];
    image.data.set([...shade, 255], 4 * i);
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

/** A short number for a person. */
function told(value, digits = 3) {
  if (value === null || value === undefined) return "unknown";
  if (value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e6)) return value.toExponential(digits - 1);
  return String(Number(value.toPrecision(digits)));
}

/** An element with attributes and children; text is never taken for markup. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

const byId = (id) => document.getElementById(id);
const grouped = (number) => number.toLocaleString("en");
