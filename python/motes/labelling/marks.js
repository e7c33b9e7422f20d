// Circles on micrographs. What they mean is told three times: by colour (of Okabe and Ito's set), by dash, and by shape,
// each on a dark edge, so that they can be told apart on any grey and by any eyes.

import {surface} from "./tiles.js";

export const STYLES = {
  asked: {colour: "#f0e442", dash: [3, 4], shape: "circle", words: "a question, not answered yet"},
  particle: {colour: "#56b4e9", dash: [], shape: "circle", words: "particle"},
  nothing: {colour: "#ff8c2e", dash: [7, 5], shape: "crossed", words: "nothing, or a pick that was removed"},
  unsure: {colour: "#e7b7d5", dash: [2, 3], shape: "queried", words: "can not be told"},
  added: {colour: "#56b4e9", dash: [], shape: "plus", words: "particle that was added"},
  first: {colour: "#56b4e9", dash: [], shape: "circle", words: "pick of the first set"},
  second: {colour: "#f0e442", dash: [6, 4], shape: "square", words: "pick of the second set"},
};
const STAMPS = new Map();
const MOST_STAMPS = 200;

/** Draw one mark: x, y and radius in pixels of the canvas. A mark that was drawn before is stamped. */
export function mark(context, style, x, y, radius, weight = 1.75) {
  const r = Math.max(2, Math.round(2 * radius) / 2), key = `${style} ${r} ${weight}`;
  let stamp = STAMPS.get(key);
  if (!stamp) {
    if (STAMPS.size > MOST_STAMPS) STAMPS.clear();
    const side = 2 * Math.ceil(r + weight + 4);
    stamp = surface(side, side);
    draw(stamp.getContext("2d"), STYLES[style], side / 2, side / 2, r, weight);
    STAMPS.set(key, stamp);
  }
  context.drawImage(stamp, Math.round(x - stamp.width / 2), Math.round(y - stamp.height / 2));
}

function draw(context, {colour, dash, shape}, x, y, r, weight) {
  context.lineCap = "butt";
  for (const [width, ink] of [[weight + 2.5, "rgb(0 0 0 / 0.6)"], [weight, colour]]) {
    context.lineWidth = width;
    context.strokeStyle = ink;
    context.setLineDash(dash);
    context.beginPath();
    if (shape === "square") context.rect(x - r * 0.9, y - r * 0.9, r * 1.8, r * 1.8);
    else context.arc(x, y, r, 0, 2 * Math.PI);
    context.stroke();
    context.setLineDash([]);
    context.beginPath();
    if (shape === "crossed") cross(context, x, y, r * 0.7071);
    if (shape === "plus") upright(context, x, y, Math.min(6, r * 0.4));
    if (shape === "queried") context.arc(x, y, Math.min(2, r * 0.3), 0, 2 * Math.PI);
    context.stroke();
  }
}

function cross(context, x, y, a) {
  context.moveTo(x - a, y - a);
  context.lineTo(x + a, y + a);
  context.moveTo(x - a, y + a);
  context.lineTo(x + a, y - a);
}

function upright(context, x, y, a) {
  context.moveTo(x - a, y);
  context.lineTo(x + a, y);
  context.moveTo(x, y - a);
  context.lineTo(x, y + a);
}

/** The place in focus: four ticks that point at it, and its mark drawn strongly. */
export function focusMark(context, style, x, y, radius) {
  mark(context, style, x, y, radius, 3);
  const [near, far] = [radius + 7, radius + 7 + Math.max(8, Math.min(18, radius * 0.35))];
  for (const [width, ink] of [[5, "rgb(0 0 0 / 0.6)"], [2.5, "#ffffff"]]) {
    context.lineWidth = width;
    context.strokeStyle = ink;
    context.beginPath();
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      context.moveTo(x + dx * near, y + dy * near);
      context.lineTo(x + dx * far, y + dy * far);
    }
    context.stroke();
  }
}

/** A small picture of a mark, for the legend. */
export function sample(canvas, style) {
  const context = canvas.getContext("2d"), scale = window.devicePixelRatio || 1;
  canvas.width = canvas.height = 28 * scale;
  context.scale(scale, scale);
  context.fillStyle = "#7d7d7d";
  context.fillRect(0, 0, 28, 28);
  draw(context, STYLES[style], 14, 14, 9, 1.75);
}
