// Labels of a micrograph: found under the mouse, added, moved, taken away.

const PAUSE = 350;  // milliseconds after which a moved label is saved: a held arrow key is one move

export class Editor {
  constructor(project, labels, link) {
    Object.assign(this, {project, labels, link, moving: null, timer: 0, known: null, index: []});
    this.number = new Map(project.micrographs.map(([name], m) => [name, m]));
    this.radius = project.diameter / 2;
    addEventListener("pagehide", () => this.flush());
  }

  /** Labels of a micrograph, where they are while one is moved. */
  of(m) {
    const version = `${this.labels.version} ${this.moving?.name} ${this.moving?.x} ${this.moving?.y}`;
    if (this.known !== version) {
      this.known = version;
      this.index = this.project.micrographs.map(() => []);
      for (const [name, place] of this.labels.places) {
        const at = this.moving?.name === name ? {...place, ...this.moving} : place;
        this.index[this.number.get(place.micrograph)]?.push({...at, name, style: styleOf(place)});
      }
    }
    return this.index[m];
  }

  add(m, x, y, particle = true) {
    this.flush();
    const [here, ...where] = [this.project.micrographs[m][0], x, y].map((v) => (typeof v === "number" ? rounded(v) : v));
    return this.link.act("add", {particle, micrograph: here, x: where[0], y: where[1], radius: this.radius});
  }

  remove(name) {
    this.flush();
    this.link.act("remove", {place: name});
  }

  /** Move a label; it is saved when it has come to rest. */
  move(name, x, y) {
    if (this.moving && this.moving.name !== name) this.flush();
    this.moving = {name, x: rounded(x), y: rounded(y)};
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), PAUSE);
  }

  flush() {
    clearTimeout(this.timer);
    const {moving} = this;
    this.moving = null;
    if (moving) this.link.act("move", {place: moving.name, x: moving.x, y: moving.y});
  }

  /** The centre of a circle stays on its micrograph. */
  inside(m, x, y) {
    const [, height, width] = this.project.micrographs[m];
    return [Math.min(width - 1, Math.max(0, x)), Math.min(height - 1, Math.max(0, y))];
  }
}

export const rounded = (value) => Math.round(value * 100) / 100;

/** The nearest of some circles that a point lies in; a small circle can be hit from `reach` away. */
export function hit(circles, x, y, reach) {
  let best = null, least = Infinity;
  for (const circle of circles) {
    const distance = Math.hypot(circle.x - x, circle.y - y);
    if (distance < Math.max(circle.radius, reach) && distance < least) [best, least] = [circle, distance];
  }
  return best;
}

function styleOf({particle, source}) {
  if (particle === null) return "unsure";
  if (!particle) return "nothing";
  return source === "added" ? "added" : "particle";
}
