// What the actions of a journal add up to: the twin of motes/project/actions.py, tested against it.

export class Labels {
  places = new Map();
  complete = new Set();
  opened = new Set();

  constructor(actions = []) {
    this.version = 0;  // changes with the labels
    this.confirmed = [];  // on the disk, in the order of the journal
    this.pending = [];  // done here, not yet acknowledged
    this.confirm(actions);
  }

  /** Take note of actions that are on the disk; those that were pending here are so no longer. */
  confirm(actions) {
    if (!actions.length) return;
    const ids = new Set(actions.map((action) => action.id));
    const mine = this.pending.slice(0, actions.length);
    const asExpected = mine.length === actions.length && mine.every((action) => ids.has(action.id));
    this.confirmed.push(...actions);
    this.pending = this.pending.filter((action) => !ids.has(action.id));
    if (!asExpected) this.fold();  // somebody else was here, too
  }

  /** Do an action here; it waits for its acknowledgement. */
  act(action) {
    this.pending.push(action);
    if (action.type === "undo") this.fold();
    else this.#do(action, this.confirmed.length + this.pending.length - 1);
  }

  get all() { return [...this.confirmed, ...this.pending]; }

  /** Ids of actions that were taken back. */
  get undone() {
    return new Set(this.all.filter((action) => action.type === "undo").map((action) => action.action));
  }

  fold() {
    this.places = new Map();
    this.complete = new Set();
    this.opened = new Set();
    this.version += 1;
    const undone = this.undone;
    this.all.forEach((action, order) => {
      if (!undone.has(action.id)) this.#do(action, order);
    });
  }

  #do(action, order) {
    this.version += 1;
    const {type} = action;
    if (type === "answer" || type === "add") {
      const [name, source] = type === "answer" ? [action.question, "question"] : [action.id, "added"];
      this.places.set(name, place(action, action.particle, source, order));
    } else if (type === "import") {
      action.places.forEach((one, i) => this.places.set(`${action.id}.${i}`, place(one, true, "file", order)));
    } else if (type === "move") {
      const moved = this.places.get(action.place);
      if (moved) this.places.set(action.place, {...moved, x: action.x, y: action.y, order});
    } else if (type === "remove") {
      this.places.delete(action.place);
    } else if (type === "complete") {
      if (action.complete) this.complete.add(action.micrograph);
      else this.complete.delete(action.micrograph);
    }
    if (["open", "answer", "add"].includes(type)) this.opened.add(action.micrograph);
  }

  /** The action that "undo" takes back: the last of this window, else the last of all. */
  last(window) {
    const undone = this.undone;
    const open = this.all.filter((action) => !["undo", "open"].includes(action.type) && !undone.has(action.id));
    return open.filter((action) => action.by === window).at(-1) ?? open.at(-1);
  }
}

function place({micrograph, x, y, radius}, particle, source, order) {
  return {micrograph, x, y, radius, particle, source, order};
}
