// To the server: every action is sent at once, and kept here until the server says that it is on the disk.

const AGAIN = 2000;  // milliseconds between looks at what others did, or until an action is sent again
const MOST = 200;  // actions in one request

/** What the server answers to a JSON object, or an Error that says why not. */
export async function send(address, told) {
  let answer;
  try {
    answer = await fetch(address, {
      method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(told),
    });
  } catch {
    throw new Error("the server does not answer: has motes active label ended?");
  }
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw Object.assign(new Error(body.error ?? `status ${answer.status}`), {status: answer.status});
  return body;
}

export class Link {
  /**
   * @param labels Labels that are kept in step with the server's.
   * @param key Beginning of the names under which what is not saved yet outlives a reload, one for each window.
   * @param changed Called when it has changed how labels are saved; with true if labels themselves have, but not by `act`.
   */
  constructor(labels, key, changed) {
    Object.assign(this, {labels, changed, busy: false, failure: null, refused: null, savedAt: null, timer: 0, most: MOST});
    this.window = sessionStorage.getItem("window") ?? name();
    sessionStorage.setItem("window", this.window);
    this.key = `${key} ${this.window}`;
    this.#takeUp(key);
    this.push();
  }

  /** What this window could not save, and others that may be closed by now: an action that is sent twice is done once. */
  #takeUp(key) {
    const known = new Set(this.labels.all.map((action) => action.id));
    const places = Object.keys(localStorage).filter((place) => place.startsWith(key));
    for (const action of places.flatMap(kept)) {
      if (known.has(action.id)) continue;
      known.add(action.id);
      this.labels.act(action);
    }
    if (!this.#keep()) return;
    for (const place of places) if (place !== this.key) localStorage.removeItem(place);  // one that is refused ends here
  }

  /** Do an action: here at once, on the disk as soon as can be. Its id. */
  act(type, fields = {}) {
    const action = {id: name(), type, ...fields, by: this.window, time: new Date().toISOString().slice(0, 19) + "Z"};
    this.labels.act(action);
    this.#keep();
    this.push();
    this.changed(false);
    return action.id;
  }

  get waiting() { return this.labels.pending.length; }

  async push() {
    if (this.busy) return;
    this.busy = true;
    clearTimeout(this.timer);
    try {
      await this.#exchange();
    } finally {  // whatever the page makes of it, saving goes on
      this.busy = false;
      const soon = this.waiting && !this.failure;
      this.timer = setTimeout(() => this.push(), soon ? 0 : AGAIN);
    }
  }

  async #exchange() {
    const actions = this.labels.pending.slice(0, this.most);
    try {
      const told = await send("actions", {since: this.labels.confirmed.length, actions});
      const failed = this.failure !== null, {version} = this.labels;
      this.failure = null;
      this.labels.confirm(told.actions);
      if (actions.some(({type}) => type !== "open")) this.savedAt = new Date();
      if (told.actions.length || failed) {
        this.#keep();
        this.changed(this.labels.version !== version);
      }
    } catch (error) {
      this.failure = error.message;
      if (error.status === 400 && actions.length) this.#refuse(actions, error.message);
      this.changed(true);
    }
  }

  /** An action that is none would be refused for ever: the one at fault is found, taken back here, and told. */
  #refuse(actions, why) {
    this.failure = null;
    if (actions.length > 1) {
      this.most = 1;
      return;
    }
    this.most = MOST;
    this.refused = why;
    this.labels.pending.shift();
    this.labels.fold();
    this.#keep();
  }

  /** Whether there was room; else they are in this page alone. */
  #keep() {
    try {
      if (this.waiting) localStorage.setItem(this.key, JSON.stringify(this.labels.pending));
      else localStorage.removeItem(this.key);
      return true;
    } catch {
      return false;
    }
  }
}

function kept(key) {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? [];
  } catch {
    return [];
  }
}

function name() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_");
}
