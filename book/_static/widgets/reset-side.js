// Chapter 6: two units of a GRU and the matrix between their states and their candidates. The reset gate r stands on one
// side of it: before, (r ⊙ h) W, or after, r ⊙ (h W). W = [[w, 1 - w], [1 - w, w]]; input and biases are 0.
(window.unrolledWidgets ??= {})["reset-side"] = (root, { fixed, values, move, keys, reset }) => {
  const H = [0.6, 0.2];
  const ROWS = [78, 178];
  const AT = { state: 46, before: 104, left: 132, right: 228, after: 256, heard: 314 };
  const WIDEST = 12;

  const drawing = root.querySelector(".drawing");
  const live = root.querySelector("[aria-live]");
  const slider = root.querySelector("[name=side]");

  const through = (a, w) => [w * a[0] + (1 - w) * a[1], (1 - w) * a[0] + w * a[1]];
  const shut = (a, r) => a.map((value, unit) => value * r[unit]);

  /** What goes into the matrix, what comes out of it, what the candidates hear, and what they would on the other side. */
  function numbers() {
    const { side, r1, r2, w } = values(root);
    const r = [r1, r2];
    const sent = side ? H : shut(H, r);
    const product = through(sent, w);
    const before = through(shut(H, r), w);
    const after = shut(through(H, w), r);
    return { side, r, w, h: H, sent, product, before, after, heard: side ? after : before };
  }

  const text = (x, y, content, kind = "") => `<text x="${x}" y="${y}" class="${kind}">${content}</text>`;
  const sub = (letter, below) => `<tspan class="symbol">${letter}</tspan><tspan class="sub" dy="3">${below}</tspan><tspan dy="-3"> </tspan>`;
  const pair = (a) => `(${fixed(a[0])}, ${fixed(a[1])})`;

  /** A wire as thick as what it carries. */
  function wire(path, value) {
    return `<path class="wire" d="${path}" stroke-width="${(WIDEST * Math.abs(value) + 0.001).toFixed(2)}"/>`;
  }

  function gate(x, unit, on, r) {
    const y = ROWS[unit];
    const ring = `<circle class="valve${on ? "" : " away"}" cx="${x}" cy="${y}" r="15"/>`;
    return ring + (on ? text(x, y + 4, fixed(r, 1), "strong") + text(x, y - 21, sub("r", unit + 1)) : "");
  }

  function draw() {
    const { side, r, w, sent, product, before, after, heard } = numbers();
    const { left, right } = AT;
    drawing.innerHTML = [
      text(AT.state, 24, "old state", "role-hidden small") + text(180, 24, "× W", "small") + text(AT.before, 24, "before", side ? "small" : "small strong") + text(AT.after, 24, "after", side ? "small strong" : "small") + text(AT.heard, 24, "heard", "role-hidden small"),
      `<rect class="matrix" x="${left}" y="40" width="${right - left}" height="176" rx="6"/>`,
      ROWS.map((y, unit) => wire(`M${AT.state + 20} ${y}H${AT.before}`, H[unit]) + wire(`M${AT.before} ${y}H${left}`, sent[unit])).join(""),
      ROWS.map((y, unit) => wire(`M${left} ${y}H${right}`, w * sent[unit]) + wire(`M${left} ${y}L${right} ${ROWS[1 - unit]}`, (1 - w) * sent[unit])).join(""),
      ROWS.map((y, unit) => wire(`M${right} ${y}H${AT.after}`, product[unit]) + wire(`M${AT.after} ${y}H${AT.heard - 20}`, heard[unit])).join(""),
      ROWS.map((_, unit) => gate(AT.before, unit, !side, r[unit]) + gate(AT.after, unit, side, r[unit])).join(""),
      ROWS.map((y, unit) => `<circle class="cell" cx="${AT.state}" cy="${y}" r="20"/>${text(AT.state, y + 4, fixed(H[unit]), "role-hidden strong")}`).join(""),
      ROWS.map((y, unit) => `<circle class="cell" cx="${AT.heard}" cy="${y}" r="20"/>${text(AT.heard, y + 4, fixed(heard[unit]), "role-hidden strong")}`).join(""),
      ROWS.map((y, unit) => text(AT.state, y + 36, sub("h", unit + 1)) + text(AT.heard, y + 36, `unit ${unit + 1}`, "small")).join(""),
    ].join("\n");
    const here = side ? `(h W) = ${pair(product)} times r` : `r ⊙ h = ${pair(sent)} times W`;
    const there = side ? `Before, they would hear ${pair(before)}.` : `After, they would hear ${pair(after)}.`;
    live.textContent = `Reset ${side ? "after" : "before"} the product: ${here}. The candidates hear ${pair(heard)}. ${there}`;
    for (const [name, value] of Object.entries({ r1: r[0], r2: r[1], w })) root.querySelector(`[data-value=${name}]`).textContent = fixed(value, 1);
    root.querySelector("[data-value=side]").textContent = side ? "after W" : "before W";
    slider.setAttribute("aria-valuetext", side ? "after the product" : "before the product");
  }

  root.addEventListener("input", draw);
  keys(root, slider);
  root.querySelector("[name=flip]").addEventListener("click", () => move(slider, 1 - slider.valueAsNumber));
  reset(root.querySelector("[name=reset]"), root);
  root.numbers = numbers;
  draw();
};
