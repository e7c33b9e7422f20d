// The page itself: state, what is shown of it, and what a person can do.

const data = JSON.parse(byId("data").textContent);
const shown = data.shown;
const nRotations = data.classes.length;
const nPixels = data.shape[0] * data.shape[1];
const home = decoded(data.home, Uint32Array);
const posterior = decoded(shown.posterior, Uint16Array);
const begins = decoded(shown.begins, Uint32Array);
const pixels = decoded(shown.pixels, shown.wide ? Uint32Array : Uint16Array);
const counts = shown.counts === null ? null : decoded(shown.counts, shown.many ? Uint16Array : Uint8Array);
const rowOf = new Map(shown.number.map((number, row) => [number, row]));
const PAGE = 24, CHIPS = 150;

/** Numbers of the patterns whose bit is set. */
function numbers(text) {
  const found = [];
  decoded(text, Uint8Array).forEach((byte, i) => {
    for (let bit = 0; byte >> bit; bit++) if ((byte >> bit) & 1) found.push(8 * i + bit);
  });
  return found;
}

const flagged = numbers(data.flagged);
const state = {order: [], page: 0, row: 0, excluded: new Set(numbers(data.excluded))};

// -- patterns ----------------------------------------------------------------------------------------------------

const confidence = (row) => Math.max(...posterior.subarray(row * nRotations, (row + 1) * nRotations)) / 65535;
const misfit = (row) => Math.abs(shown.z_deviance[row]) + Math.abs(shown.z_photons[row]);
const ORDERS = {
  fit: (a, b) => shown.p_value[a] - shown.p_value[b] || misfit(b) - misfit(a),
  confidence: (a, b) => confidence(a) - confidence(b),
  photons: (a, b) => shown.photons[b] - shown.photons[a],
  number: (a, b) => shown.number[a] - shown.number[b],
};

/** Photons of a pattern, turned home if a rotation is given. */
function photonsOf(row, rotation = null) {
  const image = new Array(nPixels).fill(0);
  for (let i = begins[row]; i < begins[row + 1]; i++) {
    const pixel = rotation === null ? pixels[i] : home[rotation * nPixels + pixels[i]];
    image[pixel] = counts ? counts[i] : 1;
  }
  return image;
}

function rotationName(rotation) {
  const turned = `${90 * (rotation % 4)}°`;
  return rotation < 4 ? turned : `mirrored, ${turned}`;
}

/** What makes a pattern stand out, in words. */
function reasons(row) {
  const [photons, deviance] = [shown.z_photons[row], shown.z_deviance[row]], found = [];
  if (photons > 3) found.push("more photons than the picture gives: a double hit, or background");
  if (photons < -3) found.push("fewer photons than the picture gives: a blank or grazing shot");
  if (deviance > 3) found.push("photons where the picture is dark: another particle, background, or other noise");
  if (deviance < -3) found.push("photons only where the picture is bright: likelier than noise allows");
  if (!found.length && shown.flagged[row]) found.push("photons and likelihood together are unlikely");
  return found;
}

function verdict(row) {
  const why = reasons(row).join("; ");
  if (shown.flagged[row]) return `Flagged: ${why}.`;
  return why ? `Not flagged, since some such are to be expected among so many: ${why}.` : "The picture explains it.";
}

function thumbnail(row) {
  const number = shown.number[row], out = state.excluded.has(number);
  const canvas = make("canvas", {"aria-hidden": "true"});
  const image = photonsOf(row);
  drawImage(canvas, image, data.shape, GREY, [0, Math.max(1, range(image)[1])]);
  const words = `pattern ${number}, ${shown.photons[row]} photons${shown.flagged[row] ? ", flagged" : ""}${out ? ", excluded" : ""}`;
  return make("button", {type: "button", "data-number": number, "aria-label": words, "aria-pressed": String(row === state.row),
    class: out ? "out" : "", onclick: () => select(row)},
    canvas, make("span", {class: shown.flagged[row] ? "flag" : ""}, `${shown.flagged[row] ? "! " : ""}${number}`));
}

function showGrid() {
  const pages = Math.max(Math.ceil(state.order.length / PAGE), 1);
  state.page = Math.min(Math.max(state.page, 0), pages - 1);
  const rows = state.order.slice(state.page * PAGE, (state.page + 1) * PAGE);
  byId("grid").replaceChildren(...rows.map(thumbnail));
  byId("place").textContent = state.order.length ? `page ${grouped(state.page + 1)} of ${grouped(pages)}` : "none";
  byId("before").disabled = state.page === 0;
  byId("after").disabled = state.page === pages - 1;
}

function figure(caption, values, limits) {
  const canvas = make("canvas", {role: "img", "aria-label": caption});
  drawImage(canvas, values, data.shape, GREY, limits);
  return make("figure", {}, canvas, make("figcaption", {}, caption));
}

function showDetail() {
  const row = state.row;
  if (!(row in shown.number)) {
    byId("detail").replaceChildren(make("p", {}, "There are no patterns."));
    return;
  }
  const number = shown.number[row], label = shown.label[row], out = state.excluded.has(number);
  const seen = photonsOf(row), limits = [0, Math.max(1, range(seen)[1])];
  const chances = Array.from({length: nRotations}, (_, r) => posterior[row * nRotations + r] / 65535);
  const bars = chances.flatMap((chance, r) => [make("span", {}, rotationName(r)),
    make("i", {class: r === label ? "best" : "", style: `width:${100 * chance}%`}), make("span", {}, chance.toFixed(3))]);
  const figures = [["photons", grouped(shown.photons[row])], ["photons, standard score", told(shown.z_photons[row])],
    ["deviance, standard score", told(shown.z_deviance[row])], ["deviance (nats)", told(shown.deviance[row], 4)],
    ["log-likelihood (nats)", told(shown.log_likelihood[row], 5)], ["p-value", told(shown.p_value[row])]];
  byId("detail").replaceChildren(
    make("h3", {}, `Pattern ${number}`),
    make("div", {class: "trio"}, figure("as measured", seen, limits), figure(`turned home from ${rotationName(label)}`, photonsOf(row, label), limits),
      figure("the picture", data.master)),
    make("p", {class: shown.flagged[row] ? "why bad" : "why"}, verdict(row)),
    make("button", {type: "button", id: "toggle", class: "main", "aria-pressed": String(out), onclick: () => toggle(number)},
      out ? "Take it back" : "Exclude this pattern"),
    make("h3", {style: "margin-top:1rem;font-size:1rem"}, "Orientation, posterior"),
    make("div", {class: "posterior"}, ...bars),
    make("table", {}, make("tbody", {}, ...figures.map(([name, value]) => make("tr", {}, make("th", {scope: "row"}, name), make("td", {}, value))))));
}

/** Show one pattern; the grid keeps the focus if it had it. */
function select(row) {
  const focused = byId("grid").contains(document.activeElement);
  state.row = row;
  const place = state.order.indexOf(row);
  if (place >= 0) state.page = Math.floor(place / PAGE);
  showGrid();
  showDetail();
  if (focused) byId("grid").querySelector('[aria-pressed="true"]')?.focus();
}

function reorder() {
  const only = byId("only-flagged").checked;
  const rows = shown.number.map((_, row) => row).filter((row) => !only || shown.flagged[row]);
  state.order = rows.sort((a, b) => ORDERS[byId("order").value](a, b) || a - b);
  state.page = 0;
  select(state.order[0] ?? state.row);
}

function find(event) {
  event.preventDefault();
  const text = byId("number").value.trim(), number = Number(text);
  if (text === "") return;
  const row = rowOf.get(number);
  byId("found").textContent = "";
  if (row !== undefined) {
    if (!state.order.includes(row)) byId("only-flagged").checked = false;
    if (!state.order.includes(row)) reorder();
    select(row);
  } else if (!/^\d+$/.test(text) || number >= data.n_patterns) {
    byId("found").textContent = `There is no pattern ${text}: they are numbered 0 to ${data.n_patterns - 1}.`;
  } else {
    byId("found").textContent = `The photons of pattern ${number} are not in this page.`;
  }
}

// -- patterns to exclude -----------------------------------------------------------------------------------------

function toggle(number) {
  if (!state.excluded.delete(number)) state.excluded.add(number);
  showExcluded();
}

function showExcluded() {
  const list = sortedExcluded(), focused = document.activeElement?.id;
  byId("excluded-count").textContent = grouped(list.length);
  const chips = list.slice(0, CHIPS).map((number) => make("li", {}, make("button", {type: "button",
    "aria-label": `take back pattern ${number}`, onclick: () => toggle(number)}, String(number))));
  if (list.length > CHIPS) chips.push(make("li", {}, `and ${grouped(list.length - CHIPS)} more`));
  byId("excluded").replaceChildren(...chips);
  for (const id of ["save-text", "save-json", "exclude-none"]) byId(id).disabled = !list.length;
  showGrid();
  showDetail();
  if (focused === "toggle") byId("toggle").focus();
}

const sortedExcluded = () => [...state.excluded].sort((a, b) => a - b);

function save(name, text) {
  const link = make("a", {href: URL.createObjectURL(new Blob([text], {type: "application/octet-stream"})), download: name});
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

// -- the rest ----------------------------------------------------------------------------------------------------

/** Read one pixel of the picture; a ring of the cursor is the browser's own. */
function readPixel(row, column) {
  const i = row * data.shape[1] + column;
  const [value, error] = [data.master[i], data.std_error[i]];
  const known = value === null ? "never seen" : `${told(value, 4)} ± ${told(error, 2)} photons`;
  byId("readout").textContent = `row ${row}, column ${column}: ${known}`;
}

function readable(canvas) {
  const cursor = {row: Math.floor(data.shape[0] / 2), column: Math.floor(data.shape[1] / 2)};
  canvas.addEventListener("pointermove", (event) => {
    const box = canvas.getBoundingClientRect();
    const inside = (share, size) => Math.min(Math.max(Math.floor(share * size), 0), size - 1);
    cursor.row = inside((event.clientY - box.top) / box.height, data.shape[0]);
    cursor.column = inside((event.clientX - box.left) / box.width, data.shape[1]);
    readPixel(cursor.row, cursor.column);
  });
  canvas.addEventListener("keydown", (event) => {
    const step = {ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1]}[event.key];
    if (!step) return;
    event.preventDefault();
    cursor.row = Math.min(Math.max(cursor.row + step[0], 0), data.shape[0] - 1);
    cursor.column = Math.min(Math.max(cursor.column + step[1], 0), data.shape[1] - 1);
    readPixel(cursor.row, cursor.column);
  });
}

function showPictures() {
  for (const [id, values, map, limits] of [
    ["master", data.master, GREY, range(data.master)],
    ["std-error", data.std_error, CIVIDIS, within(data.std_error)],
  ]) {
    drawImage(byId(id), values, data.shape, map, limits);
    readable(byId(id));
    const [low, high] = limits, most = range(values)[1];
    const beyond = most > high ? `, the largest ${told(most)}` : "";
    byId(`${id}-scale`).textContent = values.some((value) => value !== null)
      ? `${told(low)} to ${told(high)} photons a pixel${beyond}` : "not known: see the notes at the head";
  }
  const limits = range(data.classes.flatMap(({mean, count}) => count ? mean : []));
  data.classes.forEach(({count, mean}, rotation) => {
    const shownClass = figure(rotationName(rotation), mean, limits);
    shownClass.append(make("div", {class: "hint"}, `${grouped(count)} patterns`));
    byId("classes").append(shownClass);
  });
}

function showFit() {
  const normal = (z) => data.n_fitted * Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI);
  histogram(byId("chart-deviance"), data.deviance, "deviance, standard score", [-8, -4, 0, 4, 8], normal);
  histogram(byId("chart-photons"), data.photons, "photons, standard score", [-8, -4, 0, 4, 8], normal);
  const least = data.confidence.low;
  histogram(byId("chart-confidence"), data.confidence, "probability of the most likely orientation", [least, (1 + least) / 2, 1], null);
  const orange = data.n_flagged
    ? `Orange: ${grouped(data.n_flagged)} patterns that it does not explain, of which some ${100 * data.false_discovery_rate}% are expected to be false alarms.`
    : "No pattern stands out.";
  byId("fit-hint").textContent = `Dashed: what is expected if the model is right. ${orange} Heights are logarithmic; what lies further out is in the last bar.`;
}

function listen() {
  byId("find").addEventListener("submit", find);
  byId("order").addEventListener("change", reorder);
  byId("only-flagged").addEventListener("change", reorder);
  byId("before").addEventListener("click", () => { state.page--; showGrid(); });
  byId("after").addEventListener("click", () => { state.page++; showGrid(); });
  byId("exclude-flagged").addEventListener("click", () => { flagged.forEach((number) => state.excluded.add(number)); showExcluded(); });
  byId("exclude-none").addEventListener("click", () => { state.excluded.clear(); showExcluded(); });
  byId("save-text").addEventListener("click", () => save("exclude.txt",
    `# patterns to exclude, counted from 0: motes reconstruct FILE --exclude exclude.txt\n${sortedExcluded().join("\n")}\n`));
  byId("save-json").addEventListener("click", () => save("exclude.json", `${JSON.stringify(sortedExcluded())}\n`));
  byId("patterns").addEventListener("keydown", (event) => {
    if (event.target.matches("input, select") || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = {ArrowRight: 1, ArrowLeft: -1}[event.key];
    const next = state.order[state.order.indexOf(state.row) + step];
    if (step && next !== undefined) {
      event.preventDefault();
      select(next);
    } else if (event.key === "x" && state.row in shown.number) {
      const inGrid = byId("grid").contains(document.activeElement);
      toggle(shown.number[state.row]);
      if (inGrid) byId("grid").querySelector('[aria-pressed="true"]')?.focus();
    }
  });
}

byId("name").textContent = data.name;
byId("told").append(...data.told.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value))));
byId("notes").append(...data.notes.map((note) => make("li", {}, note)));
byId("exclude-flagged").textContent = `Exclude all flagged (${grouped(data.n_flagged)})`;
byId("exclude-flagged").disabled = data.n_flagged === 0;
byId("shown-hint").textContent = `The photons of ${grouped(shown.number.length)} of ${grouped(data.n_fitted)} patterns are in this page: `
  + "the worst fitting, the least confident, the first, and some at random. Arrow keys go from one to the next, x excludes.";
showPictures();
convergence(byId("convergence"), data.history);
showFit();
if (data.command) byId("made").append("Reconstructed by ", make("code", {}, data.command));
listen();
reorder();
showExcluded();
