// Charts as SVG: histograms with a logarithmic height, and the climb of the likelihood.

const WIDE = 360, HIGH = 210, LEFT = 54, BOTTOM = 38, TOP = 8;

function drawn(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function sheet(into, label) {
  const svg = drawn("svg", {viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": label});
  svg.append(drawn("line", {class: "axis", x1: LEFT, x2: WIDE, y1: HIGH - BOTTOM, y2: HIGH - BOTTOM}));
  into.replaceChildren(svg);
  return svg;
}

function axes(svg, xs, ys, xName, yName) {
  for (const [x, text] of xs) svg.append(drawn("text", {x, y: HIGH - BOTTOM + 15, "text-anchor": "middle"}, text));
  for (const [y, text] of ys) {
    svg.append(drawn("line", {class: "axis", x1: LEFT, x2: WIDE, y1: y, y2: y}));
    svg.append(drawn("text", {x: LEFT - 6, y: y + 4, "text-anchor": "end"}, text));
  }
  svg.append(drawn("text", {x: (LEFT + WIDE) / 2, y: HIGH - 4, "text-anchor": "middle"}, xName));
  svg.append(drawn("text", {x: 11, y: (TOP + HIGH - BOTTOM) / 2, "text-anchor": "middle",
    transform: `rotate(-90 11 ${(TOP + HIGH - BOTTOM) / 2})`}, yName));
}

/** A power of ten as it is read. */
function power(exponent) {
  return exponent >= 0 && exponent <= 3 ? grouped(10 ** exponent) : `1e${exponent}`;
}

/** Bars of patterns, the flagged ones in front; `expected` gives the number in a bin if the model were right. */
function histogram(into, data, name, ticks, expected) {
  const bars = data.all.length, width = (data.high - data.low) / bars;
  const most = Math.max(1, ...data.all);
  const top = Math.log10(1 + most) * 1.05;
  const x = (value) => LEFT + (WIDE - LEFT) * (value - data.low) / (data.high - data.low);
  const y = (count) => HIGH - BOTTOM - (HIGH - BOTTOM - TOP) * Math.log10(1 + count) / top;
  const flagged = data.flagged.reduce((sum, count) => sum + count, 0);
  const svg = sheet(into, `Histogram: ${name}; ${grouped(flagged)} patterns flagged`);
  const ys = [];
  for (let exponent = 0; 10 ** exponent <= most; exponent++) ys.push([y(10 ** exponent), power(exponent)]);
  axes(svg, ticks.map((value) => [x(value), String(value)]), ys, name, "patterns");
  for (let i = 0; i < bars; i++) {
    const from = data.low + i * width;
    const words = `${told(from)} to ${told(from + width)}: ${grouped(data.all[i])} patterns, ${grouped(data.flagged[i])} flagged`;
    for (const [kind, count] of [["bar-all", data.all[i]], ["bar-flagged", data.flagged[i]]]) {
      if (!count) continue;
      svg.append(drawn("rect", {class: kind, x: x(from) + 0.5, width: Math.max(x(from + width) - x(from) - 1, 0.5),
        y: y(count), height: HIGH - BOTTOM - y(count)}, drawn("title", {}, words)));
    }
  }
  if (expected) {
    const points = Array.from({length: 161}, (_, i) => data.low + (data.high - data.low) * i / 160)
      .map((value) => `${x(value).toFixed(1)},${y(expected(value) * width).toFixed(1)}`);
    svg.append(drawn("polyline", {class: "expected", points: points.join(" ")}));
  }
}

/** What was still to be gained, against passes over the data; one line a start, the best one in colour. */
function convergence(into, history) {
  const starts = new Map();
  for (const [restart, sweeps, value] of history) {
    if (value === null) continue;
    if (!starts.has(restart)) starts.set(restart, []);
    starts.get(restart).push([sweeps, value]);
  }
  const [, highest] = range([...starts.values()].flat().map(([, value]) => value));
  const curves = [...starts.values()].map((points) => ({
    best: points.some(([, value]) => value === highest),
    points: points.map(([sweeps, value]) => [sweeps, highest - value]).filter(([, gap]) => gap > 1e-12),
    reached: points.filter(([, value]) => highest - value <= 1e-12).map(([sweeps]) => sweeps),
  }));
  const gaps = curves.flatMap(({points}) => points);
  const svg = sheet(into, "Log-likelihood below its highest, against sweeps over the data");
  if (!gaps.length) {
    svg.append(drawn("text", {x: WIDE / 2, y: HIGH / 2, "text-anchor": "middle"}, "It was there at once."));
    return;
  }
  const last = Math.max(range(history.map(([, sweeps]) => sweeps))[1], 1);
  const [least, most] = range(gaps.map(([, gap]) => Math.log10(gap)));
  const [low, high] = [Math.floor(least), Math.max(Math.ceil(most), Math.floor(least) + 1)];
  const x = (sweeps) => LEFT + (WIDE - LEFT - 8) * sweeps / last;
  const y = (gap) => TOP + (HIGH - BOTTOM - TOP) * (high - Math.log10(gap)) / (high - low);
  const step = Math.ceil((high - low) / 5), ys = [];
  for (let exponent = low; exponent <= high; exponent += step) ys.push([y(10 ** exponent), power(exponent)]);
  const stride = [1, 2, 5, 10, 20, 50, 100, 200, 500].find((every) => last / every <= 6) ?? Math.ceil(last / 6);
  const xs = [];
  for (let sweeps = 0; sweeps <= last; sweeps += stride) xs.push([x(sweeps), String(sweeps)]);
  axes(svg, xs, ys, "sweeps over the data (open: nothing left to gain)", "nats a pattern to gain");
  for (const {best, points, reached} of curves.sort((a, b) => a.best - b.best)) {
    svg.append(drawn("polyline", {class: best ? "line" : "line other", points: points.map(([sweeps, gap]) => `${x(sweeps)},${y(gap)}`).join(" ")}));
    if (best) for (const [sweeps, gap] of points) svg.append(drawn("circle", {cx: x(sweeps), cy: y(gap), r: 2.5, fill: "var(--blue)"}));
    if (best) for (const sweeps of reached) svg.append(drawn("circle", {class: "reached", cx: x(sweeps), cy: HIGH - BOTTOM, r: 2.5}, drawn("title", {}, "at the highest")));
  }
}
