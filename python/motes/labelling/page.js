// The page: what there is, what is shown of it, and what keys and buttons do.

import {Asking} from "./asking.js";
import {byId, count, make} from "./dom.js";
import {Editor} from "./editor.js";
import {bindLook, scaleBar} from "./image.js";
import {Labels} from "./labels.js";
import {Link} from "./link.js";
import {STYLES, sample} from "./marks.js";
import {Review} from "./review.js";
import {Tiles} from "./tiles.js";
import {View} from "./view.js";

const project = await (await fetch("project")).json();
const labels = new Labels(project.actions);
const link = new Link(labels, `motes ${project.id}`, (labelsToo) => (labelsToo ? refresh() : refreshSaved()));
const tiles = new Tiles(project, () => {
  [view, closeup, overview].forEach((each) => { if (!each.complete) each.redraw(); });
  if (mode === asking) asking.refresh();  // the image that it waited for may be there
});
const editor = new Editor(project, labels, link);

let mode = null, shown = true, judged = null;
const view = new View(byId("view"), tiles, (context, own) => { if (shown) mode?.marks(context, own); scaleBar(own, project); overview.redraw(false); });
const closeup = new View(byId("closeup"), tiles, (context, own) => { if (shown) mode?.marks(context, own); });
const overview = new View(byId("overview"), tiles, drawOverview);
const asking = new Asking(project, editor, view, closeup);
const review = new Review(project, editor, view);
review.changed = () => refresh();

/** Note that a micrograph was looked at, once: it is a part of what labels cost. */
link.opened = (m) => {
  const [micrograph] = project.micrographs[m];
  if (!labels.opened.has(micrograph)) link.act("open", {micrograph});
};

// -- what is shown ----------------------------------------------------------------------------------------------------

function drawOverview(context, own) {
  const circles = mode?.circles() ?? [], dot = circles.length > 200 ? 1 : 2;
  for (const {x, y, particle, set} of circles) {
    context.fillStyle = particle === false ? "#ff8c2e" : particle || set ? "#56b4e9" : "#f0e442";
    const [sx, sy] = own.toScreen(x, y);
    context.fillRect(sx, sy, dot, dot);
  }
  const [left, top] = own.toScreen(...view.toMicrograph(0, 0)), [right, bottom] = own.toScreen(...view.toMicrograph(view.width, view.height));
  for (const [width, ink] of [[3.5, "rgb(0 0 0 / 0.6)"], [1.5, "#ffffff"]]) {
    context.lineWidth = width;
    context.strokeStyle = ink;
    context.strokeRect(left, top, right - left, bottom - top);
  }
}

/** Everything that may have changed, but for the micrograph itself. */
function refresh() {
  if (!mode) return;
  mode.refresh();
  if (overview.m !== view.m || !overview.fits) {
    overview.m = view.m;
    overview.fit();
  }
  overview.figure.hidden = view.fits;
  for (const each of [view, closeup]) each.redraw(false);
  const [name, height, width] = project.micrographs[view.m], all = [...labels.places.values()];
  byId("where").textContent = `${name} · ${width} × ${height} px · micrograph ${view.m + 1} of ${project.micrographs.length}`;
  const figures = {
    "questions answered": all.filter(({source}) => source === "question").length,
    "particles labelled": all.filter(({particle}) => particle === true).length,
    "places rejected": all.filter(({particle}) => particle === false).length,
    "micrographs opened": `${labels.opened.size} / ${project.micrographs.length}`,
    "labels here": editor.of(view.m).length,
  };
  byId("cost").replaceChildren(...Object.entries(figures).map(([what, n]) => (
    make("div", {}, make("dt", {}, what), make("dd", {}, typeof n === "number" ? count(n) : n)))));
  byId("complete").checked = labels.complete.has(name);
  for (const id of ["undo", "undo-review"]) byId(id).disabled = !labels.last(link.window);
  refreshSaved();
}

/** How good the picker is, and whether to go on. */
async function refreshStatus() {
  const answer = await fetch("status");
  if (answer.ok) byId("status").replaceChildren(...(await answer.json()).lines.map((line) => make("li", {}, line)));
}

function refreshSaved() {
  if (!mode) return;
  const answered = asking.done === asking.questions.length;
  if (answered !== judged && !link.waiting) {
    judged = answered;
    refreshStatus();
  }
  const {waiting, failure, refused, savedAt} = link, saved = byId("saved"), alarm = byId("alarm");
  saved.classList.toggle("waiting", Boolean(failure));
  if (failure) saved.textContent = `● ${count(waiting, "action")} not saved yet`;
  else if (waiting) saved.textContent = labels.pending.some(({type}) => type !== "open") ? "○ saving …" : "\u00a0";
  else saved.textContent = savedAt ? `✓ saved ${savedAt.toLocaleTimeString("en-GB")}` : "✓ everything is saved";
  const lost = failure && waiting ? `Not saved: ${failure}. ${count(waiting, "action")} kept in this page; saving is tried again every two seconds.` : "";
  const told = lost || (failure ? `No connection: ${failure}` : "") || (refused ? `One action was refused: ${refused}` : "") || (tiles.failed ? `No image: ${tiles.failed}` : "");
  if (alarm.textContent !== told) alarm.textContent = told;
  alarm.hidden = !told;
}

async function enter(next) {
  editor.flush();
  const name = next === asking ? "label" : "review";
  for (const each of ["label", "review"]) byId(`tab-${each}`).setAttribute("aria-pressed", String(each === name));
  byId("asking").hidden = next !== asking;
  byId("reviewing").hidden = next !== review;
  if (next === review && !review.sets) byId("doubt").textContent = "Loading …";
  if (next === asking && mode === review) view.fits = undefined;
  mode = next === review && !review.sets ? null : next;
  await next.enter();
  mode = next;
  document.querySelectorAll(".sample").forEach((place) => {
    if (!place.firstChild) place.append(make("canvas", {"aria-hidden": "true"}));
    sample(place.firstChild, place.dataset.style);
  });
  const used = next === asking ? ["asked", "particle", "added", "nothing", "unsure"] : ["first", ...(review.sets.length > 1 ? ["second"] : []), "added", "nothing"];
  byId("legend").replaceChildren(...used.map((style) => {
    const canvas = make("canvas", {"aria-hidden": "true"});
    sample(canvas, style);
    return make("li", {}, canvas, STYLES[style].words);
  }));
  refresh();
}

// -- what a person does -----------------------------------------------------------------------------------------------

function undo() {
  editor.flush();
  const last = labels.last(link.window);
  if (!last) return;
  link.act("undo", {action: last.id});
  mode.recall(last);
}

function complete() {
  const [micrograph] = project.micrographs[view.m];
  link.act("complete", {micrograph, complete: !labels.complete.has(micrograph)});
}

function toggleMarks() {
  shown = !shown;
  byId("marks").checked = shown;
}

function toggleWhole() {
  if (!view.fits) view.fit();
  else if (mode === asking && asking.questions.length) {
    view.fits = undefined;
    asking.enter();
  } else view.zoomAt(3);
}

const look = bindLook(tiles, project, () => [view, closeup, overview].forEach((each) => each.redraw()));
const stride = Math.max(1, project.diameter / 50);
const KEYS = [
  ["a Enter", "particle", () => mode.answer(true)],
  ["r x", "nothing; takes away a label", () => mode.answer(false)],
  ["s", "can not be told", () => mode.answer(null)],
  ["n", "next", () => mode.step(1)],
  ["p", "previous", () => mode.step(-1)],
  ["u Ctrl+z", "undo", undo],
  ["ArrowLeft", "", () => mode.nudge(-stride, 0)],
  ["ArrowRight", "", () => mode.nudge(stride, 0)],
  ["ArrowUp", "", () => mode.nudge(0, -stride)],
  ["ArrowDown", "", () => mode.nudge(0, stride)],
  ["Shift+ArrowLeft", "", () => mode.nudge(-5 * stride, 0)],
  ["Shift+ArrowRight", "", () => mode.nudge(5 * stride, 0)],
  ["Shift+ArrowUp", "", () => mode.nudge(0, -5 * stride)],
  ["Shift+ArrowDown", "", () => mode.nudge(0, 5 * stride)],
  ["Delete Backspace", "take away a label", () => mode.drop()],
  ["+ =", "zoom in", () => view.zoomAt(1.25)],
  ["-", "zoom out", () => view.zoomAt(0.8)],
  ["f", "whole micrograph, and back", toggleWhole],
  [", .", "contrast", (key) => look.step("contrast", key === "." ? 1 : -1)],
  ["; :", "brightness", (key) => look.step("brightness", key === ":" ? 1 : -1)],
  ["[ ]", "low-pass", (key) => look.step("lowpass", key === "]" ? 2 : -2)],
  ["i", "invert", () => look.invert()],
  ["h", "hide marks, show them", toggleMarks],
  ["c", "every particle here is labelled", complete],
  ["d", "review: only where two sets differ", () => differ()],
  ["v", "questions, review", () => enter(mode === asking ? review : asking)],
  ["?", "this list", () => byId("help").showModal()],
];
const COMMANDS = new Map(KEYS.flatMap(([keys, , command]) => keys.split(" ").map((key) => [key, command])));

function differ() {
  if (mode !== review || review.sets.length < 2) return;
  review.differ = !review.differ;
  byId("differ").checked = review.differ;
}

addEventListener("keydown", (event) => {
  if (byId("help").open && event.key === "?") {
    event.preventDefault();
    byId("help").close();
    return;
  }
  if (!mode || byId("help").open || event.altKey || event.metaKey) return;
  const typing = event.target.matches("input[type=range]") && event.key.startsWith("Arrow");
  const pressing = event.target.matches("button, input[type=checkbox], li") && ["Enter", " "].includes(event.key);
  if (typing || pressing) return;
  const letter = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const key = event.ctrlKey ? `Ctrl+${letter}` : event.shiftKey && letter.startsWith("Arrow") ? `Shift+${letter}` : letter;
  const command = COMMANDS.get(key);
  if (!command) return;
  event.preventDefault();
  command(key);
  refresh();
});

for (const [id, command] of Object.entries({
  "accept": () => mode.answer(true), "reject": () => mode.answer(false), "unsure": () => mode.answer(null),
  "previous": () => mode.step(-1), "next": () => mode.step(1), "undo": undo, "earlier": () => mode.step(-1), "later": () => mode.step(1),
  "undo-review": undo, "whole": toggleWhole, "closer": () => view.zoomAt(1.25), "farther": () => view.zoomAt(0.8), "complete": complete,
  "save": () => review.save(), "help-open": () => byId("help").showModal(), "tab-label": () => enter(asking), "tab-review": () => enter(review),
})) byId(id).addEventListener("click", () => { if (mode) command(); refresh(); });
byId("marks").addEventListener("change", () => { shown = byId("marks").checked; refresh(); });
byId("differ").addEventListener("change", () => { review.differ = byId("differ").checked; refresh(); });

let from = null;
view.listen({
  at: (x, y) => mode?.under(x, y),
  moved: (held, dx, dy) => {
    from ??= {x: held.x, y: held.y};
    if (mode === asking) asking.focus = held.name;
    mode.place(held, from.x + dx, from.y + dy);
    refresh();
  },
  dropped: () => { from = null; editor.flush(); refresh(); },
  clicked: (x, y, held) => { if (mode) mode.clicked(x, y, held); refresh(); },
});
overview.figure.addEventListener("click", (event) => {
  const box = overview.figure.getBoundingClientRect();
  view.show(view.m, ...overview.toMicrograph(event.clientX - box.left, event.clientY - box.top));
});
addEventListener("beforeunload", (event) => { if (link.waiting && link.failure) event.preventDefault(); });

const LISTED = {"ArrowLeft": "← → ↑ ↓", "Shift+ArrowLeft": "Shift + arrows"};
const MOVES = {"ArrowLeft": "move the circle", "Shift+ArrowLeft": "move it five times as far"};
for (const [keys, words] of KEYS.filter(([key, words]) => words || LISTED[key])) {
  const names = LISTED[keys] ? [LISTED[keys]] : keys.split(" ");
  byId("keys").append(make("div", {}, make("span", {}, ...names.map((name) => make("kbd", {}, name))), make("span", {}, words || MOVES[keys])));
}
byId("name").textContent = project.name;
document.title = `${project.name} · motes active`;
await enter(!asking.questions.length && project.sets.length ? review : asking);
document.documentElement.dataset.ready = "true";
