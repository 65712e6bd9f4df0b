// Chapter 4: where a gradient goes, and how long it is, when every step back multiplies it by the same J = W_hᵀ, with
// W_h = g [[1, s], [0, 1]]. Both eigenvalues are g; the shear s changes the singular values alone.
(window.unrolledWidgets ??= {}).gain = (root, { fixed, short, power, values, keys, follow, play, reset }) => {
  const T = 30;
  const PLANE = { left: 44, right: 344, top: 50, bottom: 170, across: 5, up: 2 };
  const PLOT = { left: 44, right: 344, top: 206, bottom: 350 };
  const DECADES = { most: 3, least: -6 };

  const drawing = root.querySelector(".drawing");
  const live = root.querySelector("[aria-live]");
  const slider = root.querySelector("[name=back]");
  const entry = (value) => (value === 0 ? "0" : short(value)); // short takes no zero
  const range = (n) => Array.from({ length: n }, (_, i) => i);

  /** The gradient (2,) after k = 0 … 30 steps back, its lengths, the gain alone, and the largest singular value of W_h. */
  function numbers() {
    const { gain, shear, back } = values(root);
    const dh = [[0, 1]];
    for (let k = 1; k <= T; k++) {
      const [a, b] = dh[k - 1];
      dh.push([gain * (a + shear * b), gain * b]); // dh W_hᵀ
    }
    const norms = dh.map(([a, b]) => Math.hypot(a, b));
    const stretch = (gain * (Math.hypot(shear, 2) + shear)) / 2;
    return { gain, shear, back, dh, norms, alone: range(T + 1).map((k) => gain ** k), stretch };
  }

  const scale = (PLANE.right - PLANE.left) / (2 * PLANE.across);
  const spot = ([a, b]) => [(PLANE.left + PLANE.right) / 2 + scale * a, PLANE.bottom - 20 - scale * b];
  const place = ([a, b]) => `${spot([a, b])[0].toFixed(2)} ${spot([a, b])[1].toFixed(2)}`;
  const within = ([a, b]) => Math.abs(a) <= PLANE.across && spot([a, b])[1] >= PLANE.top;
  // Time runs to the right, as in the unrolled network: the loss stands at the right end.
  const across = (k) => PLOT.right - ((PLOT.right - PLOT.left) * k) / T;
  const height = (exponent) => PLOT.top + ((PLOT.bottom - PLOT.top) * (DECADES.most - exponent)) / (DECADES.most - DECADES.least);
  const point = (k, value) => `${across(k)} ${height(Math.log10(value)).toFixed(2)}`;
  const text = (x, y, content, kind = "") => `<text x="${x}" y="${y}" class="${kind}">${content}</text>`;
  const path = (kind, ends) => `<path class="${kind}" d="M${ends.join("L")}"/>`;

  function frame() {
    const [x, y] = spot([0, 0]);
    const lines = [
      `<path class="grid" d="M${PLANE.left} ${y}H${PLANE.right}M${x} ${PLANE.top}V${PLANE.bottom}"/>`,
      ...[-4, -2, 2, 4].map((a) => text(spot([a, 0])[0], y + 15, fixed(a, 0), "tick")),
      text(PLANE.left, y - 6, "first unit", "start tick"),
      text(x - 6, PLANE.top + 10, "second unit", "end tick"),
    ];
    for (let e = DECADES.most; e >= DECADES.least; e -= 3) {
      lines.push(`<path class="${e === 0 ? "one" : "grid"}" d="M${PLOT.left} ${height(e)}H${PLOT.right}"/>`);
      lines.push(text(PLOT.left - 6, height(e) + 4, e === 0 ? "1" : power(e), "end tick"));
    }
    for (const k of [0, 10, 20, 30]) lines.push(text(across(k), PLOT.bottom + 16, k, "tick"));
    lines.push(text((PLOT.left + PLOT.right) / 2, PLOT.bottom + 32, "← steps back from the loss", "tick"));
    return lines.join("");
  }

  function legend({ gain }) {
    const raised = `<tspan class="sup letter" dy="-4">k</tspan><tspan dy="4">: what the eigenvalues say</tspan>`;
    return [
      `<path class="norm walked" d="M${PLOT.left} 13h22"/>`,
      text(PLOT.left + 28, 17, "the gradient: its direction, and its length", "start role-gradient small"),
      `<path class="alone" d="M${PLOT.left} 32h22"/>`,
      text(PLOT.left + 28, 36, `${fixed(gain)}${raised}`, "start role-neutral small"),
    ].join("");
  }

  function arrow(end) {
    const [x0, y0] = spot([0, 0]);
    const [x, y] = spot(end);
    const long = Math.hypot(x - x0, y - y0);
    if (long < 6) return "";
    const [u, v] = [(x - x0) / long, (y - y0) / long];
    const head = [[x, y], [x - 9 * u - 4 * v, y - 9 * v + 4 * u], [x - 9 * u + 4 * v, y - 9 * v - 4 * u]];
    return `<path class="norm walked" d="M${x0} ${y0}L${(x - 6 * u).toFixed(2)} ${(y - 6 * v).toFixed(2)}"/>
<path class="head" d="M${head.map((corner) => corner.map((value) => value.toFixed(2)).join(" ")).join("L")}Z"/>`;
  }

  function draw() {
    const all = numbers();
    const { gain, shear, back, dh, norms, alone, stretch } = all;
    const exponent = Math.log10(norms[back]);
    const y = height(Math.min(DECADES.most, Math.max(DECADES.least, exponent)));
    const right = back >= 6;
    drawing.innerHTML = [
      legend(all),
      frame(),
      `<g clip-path="url(#widget-gain-plane)">`,
      path("norm", dh.map(place)),
      dh.map((end, k) => (within(end) ? `<circle class="step${k <= back ? " met" : ""}" cx="${spot(end)[0].toFixed(2)}" cy="${spot(end)[1].toFixed(2)}" r="2.6"/>` : "")).join(""),
      arrow(dh[back]),
      `</g>`,
      `<g clip-path="url(#widget-gain-plot)">`,
      path("alone", alone.map((value, k) => point(k, value))),
      path("norm", norms.map((value, k) => point(k, value))),
      path("norm walked", norms.slice(0, back + 1).map((value, k) => point(k, value))),
      `</g>`,
      `<path class="cursor" d="M${across(back)} ${PLOT.top}V${PLOT.bottom}"/>`,
      `<circle class="dot${exponent <= DECADES.most && exponent >= DECADES.least ? "" : " outside"}" cx="${across(back)}" cy="${y.toFixed(2)}" r="5.5"/>`,
      text(across(back) + (right ? 8 : -8), (y < PLOT.top + 24 ? y + 20 : y - 10).toFixed(2), short(norms[back]), `${right ? "start" : "end"} role-gradient reading`),
    ].join("\n");
    const steps = `${back} step${back === 1 ? "" : "s"} back`;
    live.textContent =
      `${steps}: (${dh[back].map(entry).join(", ")}), length ${short(norms[back])}; the radius says ${short(alone[back])}. ` +
      `One step stretches at most by the singular value ${fixed(stretch)}.`;
    root.querySelector("[data-value=gain]").textContent = fixed(gain);
    root.querySelector("[data-value=shear]").textContent = fixed(shear, 1);
    slider.setAttribute("aria-valuetext", `${steps}, length ${short(norms[back])}`);
  }

  root.addEventListener("input", draw);
  keys(root, slider);
  follow(root, slider, (x) => ((PLOT.right - x) * T) / (PLOT.right - PLOT.left));
  play(root.querySelector("[name=play]"), slider, 0, T, 120);
  reset(root.querySelector("[name=reset]"), root);
  root.numbers = numbers;
  draw();
};
