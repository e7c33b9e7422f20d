// Questions, one after the other.

import {byId, count} from "./dom.js";
import {hit, rounded} from "./editor.js";
import {focusMark, mark} from "./marks.js";

const ACROSS = 2.6;  // diameters that the magnified view shows
const SEEN = 100, CONTEXT = 9;  // pixels of a circle on the screen at first, if so many diameters then fit into the window

export class Asking {
  constructor(project, editor, view, closeup) {
    Object.assign(this, {project, editor, view, closeup, at: 0, focus: null, moved: new Map()});
    const {query} = project;
    this.questions = (query?.questions ?? []).map(([m, x, y, radius, probability], i) => (
      {name: `${query.number}.${i}`, m, x, y, radius, probability, style: "asked"}));
    this.byName = new Map(this.questions.map((question) => [question.name, question]));
    this.at = Math.max(0, this.questions.findIndex(({name}) => !this.labels.places.has(name)));
  }

  get labels() { return this.editor.labels; }
  get done() { return this.questions.filter(({name}) => this.labels.places.has(name)).length; }

  /** Begin, or come back. */
  enter() {
    const {view} = this;
    if (!this.questions.length) {
      view.m = 0;
      view.fit();
      this.editor.link.opened(0);
      return;
    }
    if (view.fits !== false) view.zoom = Math.min(SEEN / this.project.diameter, view.width / (CONTEXT * this.project.diameter));
    this.show(this.at);
  }

  show(i) {
    this.editor.flush();
    this.at = i;
    const {name, m} = this.questions[i];
    this.focus = name;
    const {x, y} = this.found(name);
    this.view.show(m, x, y, this.view.fits && this.view.m === m ? this.view.zoom : undefined);
    this.closeup.show(m, x, y, this.closeup.width / (ACROSS * this.project.diameter));
    this.editor.link.opened(m);
    clearTimeout(this.preparing);
    this.preparing = setTimeout(() => this.#prepare(), 30);
  }

  /** Tiles of the questions that come next. */
  #prepare() {
    const soon = [this.#following(1), this.at + 1, this.at - 1].map((i) => this.questions[i]).filter(Boolean);
    if (soon.some(({m, x, y}) => this.closeup.prepare(m, x, y) || this.view.prepare(m, x, y))) {
      this.preparing = setTimeout(() => this.#prepare(), 10);
    }
  }

  /** A question or label by its name, where it is now. */
  found(name) {
    const question = this.byName.get(name), place = this.labels.places.get(name);
    if (place) return this.editor.of(this.editor.number.get(place.micrograph)).find((one) => one.name === name);
    return question && {...question, ...this.moved.get(name)};
  }

  /** Circles of the micrograph that is shown. */
  circles() {
    const {m} = this.view;
    const open = this.questions.filter((question) => question.m === m && !this.labels.places.has(question.name));
    return [...this.editor.of(m), ...open.map(({name}) => this.found(name))];
  }

  marks(context, view) {
    for (const {name, x, y, radius, style} of this.circles()) {
      if (name === this.focus) continue;
      const [sx, sy] = view.toScreen(x, y), r = radius * view.zoom;
      if (sx > -r && sy > -r && sx < view.width + r && sy < view.height + r) mark(context, style, sx, sy, r);
    }
    const focus = this.focus && this.found(this.focus);
    if (focus && (focus.m ?? this.editor.number.get(focus.micrograph)) === view.m) {
      focusMark(context, focus.style, ...view.toScreen(focus.x, focus.y), focus.radius * view.zoom);
    }
  }

  // -- what a person does ---------------------------------------------------------------------------------------------

  answer(particle) {
    const question = this.byName.get(this.focus);
    if (!question) {
      if (particle === false) this.drop();
      return;
    }
    if (!this.closeup.arrived) return;  // nobody can have seen what is asked about
    const {x, y} = this.found(this.focus);
    this.editor.flush();
    const micrograph = this.project.micrographs[question.m][0];
    this.editor.link.act("answer", {question: question.name, particle, micrograph, x, y, radius: question.radius});
    this.moved.delete(question.name);
    const next = this.#following(1);
    if (next !== undefined) this.show(next);
  }

  /** Take away a label that nobody asked about. */
  drop() {
    if (!this.focus || this.byName.has(this.focus)) return;
    this.editor.remove(this.focus);
    this.focus = this.questions[this.at]?.name ?? null;
  }

  /** The next question without an answer, after this one or else before it. */
  #following(by) {
    const n = this.questions.length;
    const open = (i) => !this.labels.places.has(this.questions[i].name);
    return Array.from({length: n - 1}, (_, k) => (this.at + by * (k + 1) + 2 * n) % n).find(open);
  }

  step(by) {
    if (!this.questions.length) this.#page(by);
    else if (this.focus !== this.questions[this.at].name) this.show(this.at);
    else this.show(Math.min(this.questions.length - 1, Math.max(0, this.at + by)));
  }

  /** Without questions, from micrograph to micrograph. */
  #page(by) {
    this.focus = null;
    this.view.m = Math.min(this.project.micrographs.length - 1, Math.max(0, this.view.m + by));
    this.view.fit();
    this.editor.link.opened(this.view.m);
  }

  nudge(dx, dy) {
    const focus = this.focus && this.found(this.focus);
    if (focus) this.place(focus, focus.x + dx, focus.y + dy);
  }

  /** Put the place in focus somewhere else. */
  place({name}, x, y) {
    const here = this.editor.inside(this.view.m, x, y).map(rounded);
    if (this.labels.places.has(name)) this.editor.move(name, ...here);
    else this.moved.set(name, {x: here[0], y: here[1]});
    this.closeup.show(this.view.m, ...here);
  }

  under(x, y) { return hit(this.circles(), x, y, 8 / this.view.zoom); }

  clicked(x, y, held) {
    const question = held && this.questions.findIndex(({name}) => name === held.name);
    if (question >= 0 && held) this.show(question);
    else if (held) this.focus = held.name;
    else this.focus = this.editor.add(this.view.m, ...this.editor.inside(this.view.m, x, y));
    const focus = this.found(this.focus);
    this.closeup.show(this.view.m, focus.x, focus.y, this.closeup.width / (ACROSS * this.project.diameter));
  }

  /** Show what an undone action was about. */
  recall({question, place}) {
    const i = this.questions.findIndex(({name}) => name === (question ?? place));
    if (i >= 0) this.show(i);
    else if (!this.found(this.focus)) this.focus = this.questions[this.at]?.name ?? null;
  }

  // -- what is told ---------------------------------------------------------------------------------------------------

  refresh() {
    const n = this.questions.length, {done} = this, open = this.questions[this.at];
    byId("asking-title").textContent = n ? `Question ${this.at + 1} of ${n}` : "No questions yet";
    byId("progress").firstChild.style.width = `${n ? 100 * done / n : 0}%`;
    byId("progress").setAttribute("aria-valuemax", n);
    byId("progress").setAttribute("aria-valuenow", done);
    const focus = this.focus && this.found(this.focus), question = this.byName.get(this.focus);
    byId("told").replaceChildren(...this.#words(focus, question, n, done));
    for (const [id, particle] of [["accept", true], ["reject", false], ["unsure", null]]) {
      const pressed = question && this.labels.places.get(this.focus)?.particle === particle && this.labels.places.has(this.focus);
      byId(id).setAttribute("aria-pressed", String(Boolean(pressed)));
      byId(id).disabled = question ? !this.closeup.arrived : particle !== false || !focus;
    }
    byId("closeup").hidden = !focus;
    byId("previous").disabled = n > 0 && open === this.questions[0] && this.focus === open.name;
    byId("next").disabled = n > 0 && open === this.questions.at(-1) && this.focus === open.name;
  }

  #words(focus, question, n, done) {
    const {folder} = this.project, code = (text) => Object.assign(document.createElement("code"), {textContent: text});
    if (!n) return ["A click labels a particle. To be asked: end this command, then ", code(`motes active query ${folder}`)];
    if (done === n && question) return [`All ${n} are answered. End the command, then `, code(`motes active train ${folder}`)];
    if (!question) return [focus ? "A label that nobody asked about: arrow keys move it, R takes it away, N goes back to the questions." : ""];
    if (!this.closeup.arrived) return ["Loading the image …"];
    const place = this.labels.places.get(question.name);
    const said = place ? {true: "particle", false: "nothing", null: "unsure"}[place.particle] : "not answered";
    const sure = question.probability === null ? "" : `The picker gives it ${(100 * question.probability).toFixed(0)}%. `;
    return [`${sure}Answer: `, Object.assign(document.createElement("b"), {textContent: said}), ` · ${count(n - done)} to go`];
  }
}
