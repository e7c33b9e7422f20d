// Tiles of micrographs: fetched as grey bytes, low-passed and turned into pictures here, so that contrast and low-pass
// answer without a way to the server.

const MEDIAN = 128, SPREAD = 28;  // of the bytes of a level: see motes/labelling/pyramid.py
const WINDOW = 3.2;  // deviations from the median that are black and white at contrast 1
const FAINTEST = 0.4;  // low-pass of a tile in its own pixels that is not worth the work
const WIDEST = 5;  // low-pass in pixels of a tile that its apron has room for
const AGAIN = 2000;  // milliseconds until a tile that did not come is asked for again
const MOST_RAW = 400, MOST_DRAWN = 160;  // tiles kept: 0.3 and 1 MB each

/** The most recently used entries of a map. */
class Recent extends Map {
  constructor(most) { super(); this.most = most; }
  get(key) {
    const value = super.get(key);
    if (value !== undefined) { super.delete(key); super.set(key, value); }
    return value;
  }
  set(key, value) {
    super.delete(key);
    super.set(key, value);
    if (this.size > this.most) super.delete(this.keys().next().value);
    return this;
  }
}

export class Tiles {
  /**
   * @param project What the server told: sides of tiles and of micrographs.
   * @param arrived Called when a tile has come.
   */
  constructor(project, arrived) {
    this.side = project.tile;
    this.apron = project.apron;
    this.micrographs = project.micrographs;
    this.arrived = arrived;
    this.look = {contrast: 1, brightness: 0, lowpass: 0, invert: false};
    this.raw = new Recent(MOST_RAW);
    this.pictures = new Recent(MOST_DRAWN);
    this.waiting = new Map();
    this.spreads = new Map();
    this.failed = null;
  }

  /** Levels of a micrograph; the last is one tile. */
  levels(m) {
    const [, height, width] = this.micrographs[m];
    return 1 + Math.max(0, Math.ceil(Math.log2(Math.max(height, width) / this.side)));
  }

  /** The level to draw at so many device pixels a pixel: as fine as can be seen, and as coarse as the low-pass allows. */
  level(m, scale) {
    const seen = Math.floor(Math.log2(1 / scale) + 0.35), smooth = Math.ceil(Math.log2(this.look.lowpass / WIDEST));
    return Math.max(0, Math.min(this.levels(m) - 1, Math.max(seen, smooth)));
  }

  size(m, level) {
    const [, height, width] = this.micrographs[m];
    return [Math.ceil(height / 2 ** level), Math.ceil(width / 2 ** level)];
  }

  get #now() {
    const {contrast, brightness, lowpass, invert} = this.look;
    return `${contrast} ${brightness} ${lowpass} ${invert}`;
  }

  /** Whether a tile could be drawn at once. */
  ready(m, level, row, column) { return this.pictures.get(`${m}/${level}/${row}/${column}`)?.look === this.#now; }

  /** Whether a tile has come from the server. */
  has(key) { return this.raw.has(key) || this.pictures.has(key); }

  /** The picture of a tile as it is to look now; null, and asked for, if its bytes are not here. */
  picture(m, level, row, column) {
    const key = `${m}/${level}/${row}/${column}`, look = this.#now, {lowpass} = this.look;
    const known = this.pictures.get(key);
    if (known?.look === look) return known.canvas;
    const bytes = this.raw.get(key);
    if (!bytes) {
      this.fetch(key);
      return known?.canvas ?? null;
    }
    const canvas = known?.canvas ?? surface(this.side, this.side);
    this.#paint(canvas, bytes, `${m}/${level}`, lowpass / 2 ** level);
    this.pictures.set(key, {canvas, look});
    return canvas;
  }

  /** Ask the server for the bytes of a tile. */
  fetch(key) {
    if (this.raw.has(key) || this.waiting.has(key)) return;
    const got = fetch(`tile/${key}`).then((answer) => {
      if (!answer.ok) return answer.json().then((told) => { throw new Error(told.error); });
      return answer.arrayBuffer();
    }).then((bytes) => {
      this.raw.set(key, new Uint8Array(bytes));
      this.failed = null;
      this.waiting.delete(key);
    }).catch((error) => {
      this.failed = error.message;
      setTimeout(() => { this.waiting.delete(key); this.arrived(); }, AGAIN);
    }).finally(() => this.arrived());
    this.waiting.set(key, got);
  }

  #paint(canvas, bytes, level, sigma) {
    const {side, apron} = this, wide = side + 2 * apron;
    const smooth = sigma > FAINTEST ? lowpassed(bytes, wide, Math.min(sigma, WIDEST)) : bytes;
    const key = `${level}/${sigma}`;
    if (!this.spreads.has(key)) this.spreads.set(key, smooth === bytes ? SPREAD : spread(smooth));
    const {contrast, brightness, invert} = this.look;
    const gain = (invert ? -1 : 1) * contrast * 127.5 / (WINDOW * this.spreads.get(key));
    const offset = 127.5 + 127.5 * brightness - gain * MEDIAN;
    const image = new ImageData(side, side), pixels = new Uint32Array(image.data.buffer);
    const table = smooth === bytes ? Uint32Array.from({length: 256}, (_, v) => grey(v * gain + offset)) : null;
    for (let y = 0, to = 0; y < side; y++) {
      let from = (y + apron) * wide + apron;
      if (table) for (let x = 0; x < side; x++) pixels[to++] = table[bytes[from++]];
      else for (let x = 0; x < side; x++) pixels[to++] = grey(smooth[from++] * gain + offset);
    }
    canvas.getContext("2d").putImageData(image, 0, 0);
  }
}

export function surface(width, height) {
  if (typeof OffscreenCanvas !== "undefined") return new OffscreenCanvas(width, height);
  return Object.assign(document.createElement("canvas"), {width, height});
}

function grey(value) {
  const v = value < 0 ? 0 : value > 255 ? 255 : value | 0;
  return (0xff000000 | (v * 0x010101)) >>> 0;
}

/** Half the range of the middle 68% of a sample. */
function spread(values) {
  const sample = Float32Array.from({length: 4001}, (_, i) => values[Math.floor(i * (values.length - 1) / 4000)]).sort();
  return Math.max(0.5, (sample[3360] - sample[640]) / 2);
}

/** Gaussian low-pass, as three running means along each axis; right up to some 3 sigma from the edges. */
function lowpassed(bytes, wide, sigma) {
  const ideal = Math.sqrt(4 * sigma * sigma + 1);  // width of three equal means of this variance
  const low = Math.floor((ideal - 1) / 2) * 2 + 1;
  const narrow = Math.round((12 * sigma * sigma - 3 * low * low - 12 * low - 9) / (-4 * low - 4));
  let from = Float32Array.from(bytes), to = new Float32Array(bytes.length);
  for (let pass = 0; pass < 3; pass++) {
    const reach = ((pass < narrow ? low : low + 2) - 1) / 2;
    if (!reach) continue;
    alongRows(from, to, wide, reach);
    downColumns(to, from, wide, reach);
  }
  return from;
}

function alongRows(from, to, wide, reach) {
  const share = 1 / (2 * reach + 1);
  for (let start = 0; start < from.length; start += wide) {
    const end = start + wide - 1;
    let sum = reach * from[start];  // of pixels x - reach ... x + reach, beyond the ends the outermost one
    for (let x = start; x < start + reach; x++) sum += from[x];
    for (let x = start; x <= end; x++) {
      sum += from[x + reach <= end ? x + reach : end];
      to[x] = sum * share;
      sum -= from[x - reach >= start ? x - reach : start];
    }
  }
}

function downColumns(from, to, wide, reach) {
  const share = 1 / (2 * reach + 1), sums = new Float32Array(wide), high = from.length / wide;
  const row = (y) => Math.min(high - 1, Math.max(0, y)) * wide;
  for (let y = -reach; y < reach; y++) for (let x = 0, at = row(y); x < wide; x++) sums[x] += from[at + x];
  for (let y = 0; y < high; y++) {
    const enters = row(y + reach), leaves = row(y - reach), here = y * wide;
    for (let x = 0; x < wide; x++) {
      sums[x] += from[enters + x];
      to[here + x] = sums[x] * share;
      sums[x] -= from[leaves + x];
    }
  }
}
