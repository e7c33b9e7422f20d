// A window onto a micrograph: moved, zoomed, drawn from tiles, with marks above.

import {clamp} from "./dom.js";

const MOST_ZOOM = 16, NEAR = 4;  // screen pixels a pixel; pixels that the mouse may tremble in a click

export class View {
  /**
   * @param figure Element that is filled.
   * @param tiles Where pictures come from.
   * @param marks Draws what lies above: (context, view).
   */
  constructor(figure, tiles, marks) {
    Object.assign(this, {figure, tiles, marks, m: 0, x: 0, y: 0, zoom: 1, due: 0, stale: true, width: 1, height: 1, ratio: 1});
    this.image = figure.appendChild(document.createElement("canvas"));
    this.over = figure.appendChild(document.createElement("canvas"));
    this.complete = false;
    new ResizeObserver(() => this.#resize()).observe(figure);
    this.#resize();
  }

  #resize() {
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [this.figure.clientWidth, this.figure.clientHeight];
    if (!width || !height) return;
    const fitted = this.fits;
    for (const canvas of [this.image, this.over]) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    Object.assign(this, {width, height, ratio});
    if (fitted) this.fit();
    else this.redraw();
  }

  /** Show the whole micrograph. */
  fit() {
    const [, high, wide] = this.tiles.micrographs[this.m];
    this.fits = true;
    this.show(this.m, (wide - 1) / 2, (high - 1) / 2, Math.min(this.width / wide, this.height / high));
  }

  /** Show a place of a micrograph in the middle. */
  show(m, x, y, zoom = this.zoom) {
    const [, high, wide] = this.tiles.micrographs[m];
    const least = Math.min(this.width / wide, this.height / high);
    const whole = zoom <= least * 1.001;
    this.fits = whole;
    Object.assign(this, {
      m, zoom: clamp(zoom, least, MOST_ZOOM), x: whole ? (wide - 1) / 2 : clamp(x, 0, wide - 1), y: whole ? (high - 1) / 2 : clamp(y, 0, high - 1),
    });
    this.redraw();
  }

  /** Zoom so that what lies under a point of the screen stays there. */
  zoomAt(factor, sx = this.width / 2, sy = this.height / 2) {
    const [x, y] = this.toMicrograph(sx, sy), zoom = clamp(this.zoom * factor, 0.001, MOST_ZOOM);
    this.show(this.m, x - (sx - this.width / 2) / zoom, y - (sy - this.height / 2) / zoom, zoom);
  }

  toScreen(x, y) { return [(x - this.x) * this.zoom + this.width / 2, (y - this.y) * this.zoom + this.height / 2]; }

  toMicrograph(sx, sy) { return [(sx - this.width / 2) / this.zoom + this.x, (sy - this.height / 2) / this.zoom + this.y]; }

  /** Draw anew before the next frame: everything, or the marks alone. */
  redraw(everything = true) {
    this.stale ||= everything;
    if (everything) this.complete = false;
    if (!this.due) this.due = requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    this.due = 0;
    if (this.stale) {
      this.stale = false;
      const context = this.image.getContext("2d", {alpha: false});
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.fillStyle = "#2b2d31";
      context.fillRect(0, 0, this.image.width, this.image.height);
      const level = this.tiles.level(this.m, this.zoom * this.ratio), top = this.tiles.levels(this.m) - 1;
      const there = this.#tiles(level).map((tile) => [tile, this.tiles.picture(...tile)]);
      this.complete = there.every(([, picture]) => picture);
      if (!this.complete && top !== level) this.#paint(context, [[[this.m, top, 0, 0], this.tiles.picture(this.m, top, 0, 0)]]);
      this.#paint(context, there);
      this.figure.dataset.complete = this.complete;
    }
    const over = this.over.getContext("2d");
    over.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    over.clearRect(0, 0, this.width, this.height);
    this.marks?.(over, this);
  }

  /** Tiles of a level that are in sight, or would be around another place. */
  #tiles(level, m = this.m, x = this.x, y = this.y) {
    const [high, wide] = this.tiles.size(m, level), side = this.tiles.side, across = this.width / this.zoom / 2, down = this.height / this.zoom / 2;
    const range = (centre, half, size) => {
      const at = (value) => (value + 0.5) / 2 ** level / side;
      return [Math.max(0, Math.floor(at(centre - half))), Math.min(Math.ceil(size / side) - 1, Math.floor(at(centre + half)))];
    };
    const [left, right] = range(x, across, wide), [first, last] = range(y, down, high), found = [];
    for (let row = first; row <= last; row++) for (let column = left; column <= right; column++) found.push([m, level, row, column]);
    return found;
  }

  /** Whether all that is in sight has come, if it is not drawn yet. */
  get arrived() {
    return this.#tiles(this.tiles.level(this.m, this.zoom * this.ratio)).every((tile) => this.tiles.has(tile.join("/")));
  }

  #paint(context, tiles) {
    const {side} = this.tiles, {ratio} = this;
    context.imageSmoothingEnabled = true;
    for (const [[m, level, row, column], picture] of tiles) {
      if (!picture) continue;
      const [high, wide] = this.tiles.size(m, level), scale = 2 ** level;
      const width = Math.min(side, wide - column * side), height = Math.min(side, high - row * side);
      const [left, top] = this.toScreen(column * side * scale - 0.5, row * side * scale - 0.5);
      const [right, bottom] = this.toScreen((column * side + width) * scale - 0.5, (row * side + height) * scale - 0.5);
      const edges = [left, top, right, bottom].map((edge) => Math.round(edge * ratio));  // no seams between tiles
      context.drawImage(picture, 0, 0, width, height, edges[0], edges[1], edges[2] - edges[0], edges[3] - edges[1]);
    }
  }

  /** Have the tiles around a place ready before it is shown: one a call, so that keys are answered in between. */
  prepare(m, x, y) {
    const level = this.tiles.level(m, this.zoom * this.ratio);
    const wanted = this.#tiles(level, m, x, y);
    wanted.forEach((tile) => this.tiles.fetch(tile.join("/")));
    return wanted.some((tile) => !this.tiles.ready(...tile) && (this.tiles.picture(...tile), true));
  }

  /** Moves by mouse, wheel and fingers; `at(x, y)` says what can be dragged there, and is told where it goes. */
  listen({at, moved, dropped, clicked}) {
    const here = (event) => {
      const box = this.figure.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    let start = null;
    this.figure.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      const [sx, sy] = here(event), [x, y] = this.toMicrograph(sx, sy);
      start = {sx, sy, x: this.x, y: this.y, far: false, held: at(x, y)};
      this.figure.setPointerCapture(event.pointerId);
    });
    this.figure.addEventListener("pointermove", (event) => {
      if (!start) return;
      const [sx, sy] = here(event), [dx, dy] = [(sx - start.sx) / this.zoom, (sy - start.sy) / this.zoom];
      start.far ||= Math.hypot(sx - start.sx, sy - start.sy) > NEAR;
      if (!start.far) return;
      if (start.held) moved(start.held, dx, dy);
      else this.show(this.m, start.x - dx, start.y - dy);
    });
    this.figure.addEventListener("pointerup", (event) => {
      if (!start) return;
      const {held, far} = start;
      start = null;
      if (far && held) dropped(held);
      else if (!far) clicked(...this.toMicrograph(...here(event)), held);
    });
    this.figure.addEventListener("pointercancel", () => { start = null; });
    this.figure.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoomAt(2 ** (-event.deltaY * (event.deltaMode ? 30 : 1) / 300), ...here(event));
    }, {passive: false});
  }
}
