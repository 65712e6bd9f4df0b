// Chapter 5: one cell of an LSTM whose gates are held still. c_t = f c_{t-1} + i g_t, h_t = o tanh(c_t), c_0 = 0, and
// what of a gradient at c_T arrives at c_t along the belt, f^(T - t). The sliders are the gates' pre-activations.
(window.unrolledWidgets ??= {}).conveyor = (root, { fixed, short, index, values, keys, follow, play, reset }) => {
  // The candidates g_1 … g_20: two parcels among crumbs.
  const G = [0.1, -0.2, 0.9, 0.1, 0.2, -0.1, 0.1, -0.2, 0.1, 0.2, -0.1, -0.8, 0.1, -0.1, 0.2, 0.1, -0.2, -0.1, 0.1, -0.1];
  const T = G.length;
  const PLOT = { left: 44, right: 344 };
  const PARCELS = { middle: 58, one: 26 };
  const BELT = { middle: 172, one: 42, most: 1.5 };
  const BACK = { top: 262, bottom: 298 };
  const WIDE = 9;

  const drawing = root.querySelector(".drawing");
  const live = root.querySelector("[aria-live]");
  const slider = root.querySelector("[name=step]");
  const sigmoid = (a) => 1 / (1 + Math.exp(-a));

  /** The gates, and c, h and what is left of the gradient at t = 0 … T. */
  function numbers() {
    const { forget, input, output, step } = values(root);
    const [f, i, o] = [forget, input, output].map(sigmoid);
    const c = [0];
    for (const g of G) c.push(f * c.at(-1) + i * g);
    return { forget, input, output, step, f, i, o, g: G, c, h: c.map((c_t) => o * Math.tanh(c_t)), left: c.map((_, t) => f ** (T - t)) };
  }

  const across = (t) => PLOT.left + ((PLOT.right - PLOT.left) * t) / T;
  const text = (x, y, content, kind = "") => `<text x="${x}" y="${y}" class="${kind}">${content}</text>`;
  const sub = (letter, below) => `<tspan class="symbol">${letter}</tspan><tspan class="sub letter" dy="3">${below}</tspan><tspan dy="-3"> </tspan>`;

  /** A bar from the line at `middle`; positive values stand on it, negative ones hang from it. */
  function bar(kind, t, value, middle, one) {
    const tall = Math.abs(value) * one;
    const top = value > 0 ? middle - tall : middle;
    return `<rect class="${kind}" x="${(across(t) - WIDE / 2).toFixed(2)}" y="${top.toFixed(2)}" width="${WIDE}" height="${tall.toFixed(2)}"/>`;
  }

  const height = (value) => BELT.middle - Math.max(-BELT.most, Math.min(BELT.most, value)) * BELT.one;

  function frame() {
    const { left, right } = PLOT;
    const end = right + 8;
    return [
      text(left - 8, 16, `wants on the belt: ${sub("g", "t")} (filled: let on)`, "start role-input small"),
      `<path class="grid" d="M${left - 8} ${PARCELS.middle}H${end}"/>`,
      text(left - 8, 106, `on the belt: ${sub("c", "t")}`, "start role-extra small"),
      text(end, 106, `● read from it: ${sub("h", "t")}`, "end role-hidden small"),
      ...[1, 0, -1].map((value) => text(left - 14, height(value) + 4, fixed(value, 0), "end tick")),
      `<path class="grid" d="M${left - 8} ${height(1)}H${end}M${left - 8} ${height(-1)}H${end}"/>`,
      `<path class="belt" d="M${left - 8} ${BELT.middle}H${end}m-6 -4l6 4l-6 4"/>`,
      text(left - 8, BACK.top - 10, `of a gradient at ${sub("c", T)} arrives along the belt`, "start role-gradient small"),
      `<path class="grid" d="M${left - 8} ${BACK.top}H${end}M${left - 8} ${BACK.bottom}H${end}"/>`,
      text(left - 14, BACK.top + 4, "1", "end tick") + text(left - 14, BACK.bottom + 4, "0", "end tick"),
      ...[0, 5, 10, 15, 20].map((t) => text(across(t), BACK.bottom + 16, t, "tick")),
      text((left + right) / 2, BACK.bottom + 32, "time step →", "tick"),
    ].join("");
  }

  function draw() {
    const all = numbers();
    const { forget, input, output, step, f, i, o, c, h, left } = all;
    const column = (kind, t) => `${kind}${t === step ? " now" : ""}`;
    const x = across(step);
    drawing.innerHTML = [
      `<rect class="band" x="${x - 7.5}" y="26" width="15" height="${BACK.bottom - 26}"/>`,
      frame(),
      G.map((g, k) => bar("parcel", k + 1, g, PARCELS.middle, PARCELS.one)).join(""),
      G.map((g, k) => bar(column("written", k + 1), k + 1, i * g, PARCELS.middle, PARCELS.one)).join(""),
      c.map((c_t, t) => bar(column("load", t), t, c_t, BELT.middle, BELT.one)).join(""),
      h.map((h_t, t) => `<circle class="${column("read", t)}" cx="${across(t)}" cy="${height(h_t).toFixed(2)}" r="3"/>`).join(""),
      left.map((share, t) => bar(column("back", t), t, share, BACK.bottom, BACK.bottom - BACK.top)).join(""),
      text(Math.min(332, Math.max(58, x)), (height(c[step]) + (c[step] < 0 ? 17 : -7)).toFixed(2), fixed(c[step]), "role-extra reading"),
    ].join("\n");
    const now = index(step);
    const belt = `c${now} = ${fixed(f, 4)} · ${fixed(c[step - 1] ?? 0)} + ${fixed(i, 4)} · ${fixed(G[step - 1] ?? 0, 1)} = ${fixed(c[step])}`;
    const start = "c₀ = 0.00";
    const read = `h${now} = ${fixed(o, 4)} · tanh(${fixed(c[step])}) = ${fixed(h[step])}`;
    live.textContent = `Step ${step} of ${T}: ${step ? belt : start}, ${read}. Of a gradient at c₂₀, ${short(left[step])} arrives at c${now}.`;
    for (const [name, a] of Object.entries({ forget, input, output })) {
      root.querySelector(`[data-value=${name}]`).textContent = `σ(${fixed(a, 1)}) = ${fixed(sigmoid(a), 4)}`;
      root.querySelector(`[name=${name}]`).setAttribute("aria-valuetext", `${fixed(sigmoid(a), 4)}, pre-activation ${fixed(a, 1)}`);
    }
    slider.setAttribute("aria-valuetext", `step ${step}, cell state ${fixed(c[step])}`);
  }

  root.addEventListener("input", draw);
  keys(root, slider);
  follow(root, slider, (x) => ((x - PLOT.left) * T) / (PLOT.right - PLOT.left));
  play(root.querySelector("[name=play]"), slider, 0, T, 250);
  reset(root.querySelector("[name=reset]"), root);
  root.numbers = numbers;
  draw();
};
