// How the micrograph looks: contrast, brightness, low-pass, kept from one visit to the next.

import {byId, clamp} from "./dom.js";

/** Bind the controls to the look of the tiles; `changed` draws anew. */
export function bindLook(tiles, project, changed) {
  const widest = project.diameter / 3;  // a low-pass beyond it would leave nothing of a particle
  const look = () => {
    const share = Number(byId("lowpass").value), lowpass = share * share * widest;
    Object.assign(tiles.look, {
      contrast: 2 ** Number(byId("contrast").value), brightness: Number(byId("brightness").value), lowpass, invert: byId("invert").checked,
    });
    byId("contrast-told").textContent = `× ${tiles.look.contrast.toFixed(2)}`;
    byId("brightness-told").textContent = tiles.look.brightness.toFixed(2);
    byId("lowpass-told").textContent = lowpass ? told(lowpass, project) : "off";
    try {
      localStorage.setItem("look", JSON.stringify(["contrast", "brightness", "lowpass"].map((id) => byId(id).value)));
    } catch { /* it will look as it does by default */ }
    changed();
  };
  try {
    const kept = JSON.parse(localStorage.getItem("look"));
    ["contrast", "brightness", "lowpass"].forEach((id, i) => { if (kept?.[i]) byId(id).value = kept[i]; });
  } catch { /* nothing was kept */ }
  for (const id of ["contrast", "brightness", "lowpass", "invert"]) byId(id).addEventListener("input", look);
  look();
  return {
    /** Move a control by so many of its steps. */
    step(id, by) {
      const input = byId(id);
      input.value = clamp(Number(input.value) + by * Number(input.step), Number(input.min), Number(input.max));
      look();
    },
    invert() {
      byId("invert").checked = !byId("invert").checked;
      look();
    },
  };
}

/** Standard deviation of the Gaussian, in pixels, or in angstrom where they are known. */
function told(lowpass, {pixel_size}) {
  return pixel_size ? `σ ${(lowpass * pixel_size).toFixed(1)} Å` : `σ ${lowpass.toFixed(1)} px`;
}

let scaled = 0;

/** A bar of a round length. */
export function scaleBar(view, {pixel_size}) {
  if (scaled === view.zoom) return;
  scaled = view.zoom;
  const unit = pixel_size ?? 1, most = 160 / view.zoom * unit, ten = 10 ** Math.floor(Math.log10(most));
  const length = [5, 2, 1].map((digit) => digit * ten).find((each) => each <= most);
  byId("scale-bar").style.width = `${length / unit * view.zoom}px`;
  byId("scale-text").textContent = `${length >= 1 ? length.toLocaleString("en") : length} ${pixel_size ? "Å" : "px"} · ${(100 * view.zoom).toFixed(0)}%`;
}
