// Finished picks: the most doubtful micrographs first, one or two sets, removed and added.

import {byId, clamp, count, make} from "./dom.js";
import {hit} from "./editor.js";
import {send} from "./link.js";
import {focusMark, mark} from "./marks.js";

const STEPS = 1000;  // of a slider
const SAME = 0.53;  // radii between picks of two sets that are of one particle: an IoU of about 0.5
const OWN = 0.5;  // radii between a pick and the label that is about it

/** Points in cells of a grid: which lies nearest to a place, if it is within reach. */
class Grid {
  constructor(points, reach) {
    this.reach = reach;
    this.cells = new Map();
    points.forEach((point) => {
      const key = this.#cell(point.x, point.y);
      if (!this.cells.has(key)) this.cells.set(key, []);
      this.cells.get(key).push(point);
    });
  }

  #cell(x, y) { return Math.floor(x / this.reach) * 65536 + Math.floor(y / this.reach); }

  nearest(x, y) {
    let best = null, least = this.reach;
    for (const dx of [-1, 0, 1]) for (const dy of [-1, 0, 1]) {
      for (const point of this.cells.get(this.#cell(x + dx * this.reach, y + dy * this.reach)) ?? []) {
        const distance = Math.hypot(point.x - x, point.y - y);
        if (distance < least) [best, least] = [point, distance];
      }
    }
    return best;
  }
}

export class Review {
  constructor(project, editor, view) {
    Object.assign(this, {project, editor, view, sets: null, order: [], at: 0, focus: null, differ: false, changed: () => {}});
    this.radius = project.diameter / 2;
  }

  get labels() { return this.editor.labels; }

  async enter() {
    if (!this.sets) {
      this.sets = await Promise.all(this.project.sets.map((told, i) => this.#load(told, i)));
      this.sets.forEach((set, i) => byId("sliders").append(this.#slider(set, i)));
      byId("differ-label").hidden = this.sets.length < 2;
      byId("save").disabled = !this.sets.length;
      this.rank();
    }
    this.show(this.at);
  }

  async #load(told, i) {
    const bytes = await (await fetch(`picks/${i}`)).arrayBuffer(), m = this.project.micrographs.length;
    const begins = new Uint32Array(bytes, 0, m + 1), column = (k) => new Float32Array(bytes, 4 * (m + 1 + k * told.n), told.n);
    const scores = column(2);
    let [low, high] = [Infinity, -Infinity];
    for (const score of scores) [low, high] = [Math.min(low, score), Math.max(high, score)];
    if (told.probability || !(high > low)) [low, high] = told.probability ? [0, 1] : [low - 1, low];
    return {...told, style: ["first", "second"][i], begins, x: column(0), y: column(1), scores, low, high, shown: true, verdicts: null};
  }

  /** Picks of a set on a micrograph that reach its score, each with the label that is about it. */
  picks(set, m) {
    const found = [], about = new Grid(this.editor.of(m), OWN * this.radius);
    for (let i = set.begins[m]; i < set.begins[m + 1]; i++) {
      if (set.scores[i] < set.least) continue;
      found.push({x: set.x[i], y: set.y[i], radius: this.radius, score: set.scores[i], style: set.style, set,
        label: about.nearest(set.x[i], set.y[i])});
    }
    return found;
  }

  /** Everything on the micrograph that is shown: labels, and the picks that no label is about. */
  circles() {
    const {m} = this.view, key = [m, this.labels.version, this.editor.known, this.differ, ...this.sets.map((set) => `${set.least} ${set.shown}`)].join();
    if (this.key === key) return this.drawn;
    const sets = this.sets.map((set) => this.picks(set, m));
    const grids = sets.map((picks) => new Grid(picks, SAME * this.radius));
    const lone = (pick, i) => !this.differ || !grids[1 - i].nearest(pick.x, pick.y);
    const picks = sets.flatMap((some, i) => some.filter((pick) => this.sets[i].shown && !pick.label && lone(pick, i)));
    this.here = sets.map((some) => some.length);
    this.key = key;
    this.drawn = [...this.editor.of(m), ...picks];
    return this.drawn;
  }

  marks(context, view) {
    for (const circle of this.circles()) {
      const [sx, sy] = view.toScreen(circle.x, circle.y), r = this.radius * view.zoom;
      if (sx > -r && sy > -r && sx < view.width + r && sy < view.height + r && circle.name !== this.focus) mark(context, circle.style, sx, sy, r);
    }
    const focus = this.#focused();
    if (focus) focusMark(context, focus.style, ...view.toScreen(focus.x, focus.y), this.radius * view.zoom);
  }

  #focused() { return this.focus && this.editor.of(this.view.m).find(({name}) => name === this.focus); }

  // -- order ----------------------------------------------------------------------------------------------------------

  /** How doubtful each micrograph is, the worst first. */
  rank() {
    const doubts = this.project.micrographs.map((_, m) => this.#doubt(m));
    const now = this.order[this.at]?.m;
    this.order = doubts.map((doubt, m) => ({m, doubt})).sort((a, b) => b.doubt - a.doubt || a.m - b.m);
    this.at = Math.max(0, this.order.findIndex(({m}) => m === now));
    byId("order").replaceChildren(...this.order.map(({m, doubt}, i) => {
      const n = this.sets.length ? this.picks(this.sets[0], m).length : 0;
      const row = make("li", {}, make("span", {title: this.project.micrographs[m][0]}, this.project.micrographs[m][0]),
        make("span", {}, count(n, "pick")), make("span", {}, `${(100 * doubt).toFixed(0)}%`));
      row.addEventListener("click", () => { this.show(i); this.changed(); });
      return row;
    }));
  }

  /** Of two sets: the share of picks that the other lacks. Of one: the share of expected mistakes, or of low scores. */
  #doubt(m) {
    if (!this.sets.length) return 0;
    if (this.sets.length === 2) {
      const [one, two] = this.sets.map((set) => this.picks(set, m)), grid = new Grid(two, SAME * this.radius);
      const both = one.filter(({x, y}) => grid.nearest(x, y)).length;
      return one.length + two.length ? 1 - 2 * Math.min(both, two.length) / (one.length + two.length) : 0;
    }
    const [set] = this.sets;
    let mistakes = 0, all = 0;
    if (!set.probability) {
      const picks = this.picks(set, m), spread = set.high - set.low;
      return picks.length ? 1 - picks.reduce((sum, {score}) => sum + (score - set.low) / spread, 0) / picks.length : 1;
    }
    const about = new Grid(this.editor.of(m), OWN * this.radius);
    for (let i = set.begins[m]; i < set.begins[m + 1]; i++) {
      const p = set.scores[i], label = about.nearest(set.x[i], set.y[i]);
      all += Math.max(p, p >= set.least);
      if (!label) mistakes += p >= set.least ? 1 - p : p;
    }
    return all ? mistakes / all : 0;
  }

  doubtTold() {
    if (!this.sets?.length) return "There are no picks yet: motes active pick, or motes active label --picks FILE.";
    if (this.sets.length === 2) return "Doubt: the share of picks of one set that the other does not have.";
    return this.sets[0].probability ? "Doubt: expected mistakes, false picks and missed particles, as a share of the picks."
      : "Doubt: how far the scores lie below the best one, on average.";
  }

  show(i) {
    this.editor.flush();
    this.at = i;
    this.focus = null;
    const {m} = this.order[i] ?? {m: 0};
    this.view.m = m;
    this.view.fit();
    this.editor.link.opened(m);
    const next = this.order[i + 1];
    if (next) this.view.tiles.fetch(`${next.m}/${this.view.tiles.level(next.m, this.view.zoom * this.view.ratio)}/0/0`);
  }

  step(by) { this.show(clamp(this.at + by, 0, Math.max(0, this.order.length - 1))); }

  // -- sliders --------------------------------------------------------------------------------------------------------

  #slider(set, i) {
    const input = make("input", {type: "range", min: 0, max: STEPS, step: 1, "aria-label": `Least score of ${set.name}`});
    const shown = make("input", {type: "checkbox", "aria-label": `Show ${set.name}`});
    const sample = make("span", {class: "sample", "data-style": set.style});
    const figures = make("span", {class: "figures", "aria-live": "polite"});
    shown.checked = true;
    input.value = Math.floor(STEPS * (set.least - set.low) / (set.high - set.low));
    const moved = () => {
      set.least = set.low + (set.high - set.low) * Number(input.value) / STEPS;
      this.changed();
    };
    input.addEventListener("input", moved);
    input.addEventListener("change", () => { this.rank(); this.changed(); });
    shown.addEventListener("change", () => { set.shown = shown.checked; this.changed(); });
    set.figures = figures;
    return make("div", {class: "slider", "data-set": i}, make("label", {class: "title"}, shown, sample, set.name), input, figures);
  }

  /** What labels say of every pick: -1 nothing is known, 0 none, 1 a particle. */
  #verdicts(set) {
    if (set.judged !== this.labels.version) {
      set.judged = this.labels.version;
      set.verdicts = new Int8Array(set.n).fill(-1);
      this.project.micrographs.forEach((_, m) => {
        const labels = this.editor.of(m).filter(({particle}) => particle !== null);
        if (!labels.length) return;
        const about = new Grid(labels, OWN * this.radius);
        for (let i = set.begins[m]; i < set.begins[m + 1]; i++) {
          const label = about.nearest(set.x[i], set.y[i]);
          if (label) set.verdicts[i] = Number(label.particle);
        }
      });
    }
    return set.verdicts;
  }

  /** How many picks reach the score, and what is to be expected of them. */
  figures(set) {
    const verdicts = this.#verdicts(set);
    let n = 0, right = 0, all = 0, looked = 0, particles = 0;
    for (let i = 0; i < set.n; i++) {
      const p = verdicts[i] < 0 ? set.scores[i] : verdicts[i];
      all += p;
      if (set.scores[i] < set.least) continue;
      n += 1;
      right += p;
      looked += verdicts[i] >= 0;
      particles += verdicts[i] === 1;
    }
    return {n, precision: n ? right / n : NaN, recall: all ? right / all : NaN, looked, particles};
  }

  #words(set, here) {
    const {n, precision, recall, looked, particles} = this.figures(set), percent = (share) => (Number.isNaN(share) ? "–" : `${(100 * share).toFixed(1)}%`);
    const expected = set.probability ? `expected precision ${percent(precision)}, recall ${percent(recall)}`
      : looked ? `${particles} of ${looked} looked at are particles` : "no precision is known: none was looked at, and the scores are no probabilities";
    return `score ≥ ${set.least.toFixed(3)}: ${count(n, "pick")}, ${count(here)} here; ${expected}`;
  }

  // -- what a person does ---------------------------------------------------------------------------------------------

  under(x, y) { return hit(this.circles(), x, y, 8 / this.view.zoom); }

  clicked(x, y, held) {
    const {m} = this.view;
    if (!held) this.focus = this.editor.add(m, ...this.editor.inside(m, x, y));
    else if (held.set) this.focus = this.editor.add(m, held.x, held.y, false);
    else if (held.name === this.focus || !held.particle) this.#take(held.name);
    else this.focus = held.name;
  }

  #take(name) {
    this.editor.remove(name);
    this.focus = null;
  }

  answer(particle) { if (particle === false && this.#focused()) this.#take(this.focus); }

  drop() { this.answer(false); }

  nudge(dx, dy) {
    const focus = this.#focused();
    if (focus) this.place(focus, focus.x + dx, focus.y + dy);
  }

  /** Labels can be moved; picks are removed and added. */
  place({name}, x, y) {
    if (name) this.editor.move(name, ...this.editor.inside(this.view.m, x, y));
  }

  recall({micrograph}) {
    this.focus = null;
    const i = this.order.findIndex(({m}) => this.project.micrographs[m][0] === micrograph);
    if (i >= 0 && this.order[i].m !== this.view.m) this.show(i);
  }

  async save() {
    const [set] = this.sets;
    byId("saved-picks").textContent = "Saving …";
    try {
      const {file, n} = await send("save", {set: 0, least: set.least});
      byId("saved-picks").textContent = `${count(n, "pick")} written to ${file}`;
    } catch (error) {
      byId("saved-picks").textContent = `Not written: ${error.message}`;
    }
  }

  refresh() {
    byId("doubt").textContent = this.doubtTold();
    if (!this.sets) return;
    this.circles();
    this.sets.forEach((set, i) => { set.figures.textContent = this.#words(set, this.here[i]); });
    [...byId("order").children].forEach((row, i) => {
      if (i === this.at && row.getAttribute("aria-current") !== "true") row.scrollIntoView({block: "nearest"});
      row.setAttribute("aria-current", String(i === this.at));
    });
    byId("earlier").disabled = this.at === 0;
    byId("later").disabled = this.at >= this.order.length - 1;
  }
}
