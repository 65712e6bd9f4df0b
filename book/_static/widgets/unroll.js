// Chapter 2: one unit, unrolled over eight steps. h_t = tanh(w_x x_t + w_h h_{t-1} + b), y_t = 2 h_t, h_0 = 0.
(window.unrolledWidgets ??= {}).unroll = (root, { fixed, index, values, move, keys, play, reset }) => {
  const T = 8;
  const FIRST = 37; // where the first column stands, and how far it is to the next
  const PITCH = 43;
  const BOX = { top: 176, height: 68, width: 37, middle: 210 };
  const INPUT_Y = 277;

  const drawing = root.querySelector(".drawing");
  const live = root.querySelector("[aria-live]");
  const slider = root.querySelector("[name=step]");
  let x = startingInputs();

  function startingInputs() {
    return Array.from({ length: T }, (_, i) => (i === 0 ? 1 : 0));
  }

  function numbers() {
    const { wx, wh, b, step } = values(root);
    const z = [];
    const h = [];
    for (let i = 0; i < T; i++) {
      z.push(wx * x[i] + wh * (i ? h[i - 1] : 0) + b);
      h.push(Math.tanh(z[i]));
    }
    return { wx, wh, b, step, x: [...x], z, h, y: h.map((h_t) => 2 * h_t) };
  }

  // A letter with its index. The empty tspan brings what follows back to the line.
  const symbol = (letter, sub) =>
    `<tspan class="symbol">${letter}</tspan>` +
    `<tspan class="sub${isNaN(sub) ? " letter" : ""}" dy="3">${sub}</tspan><tspan dy="-3">&#8203;</tspan>`;
  const text = (at, y, content, kind = "") => `<text x="${at}" y="${y}" class="${kind}">${content}</text>`;

  /** A weight: the wider, the larger; hollow where it is negative. It points up or to the right. */
  function weight(value, kind, at, y, length, up) {
    const half = 1.5 + 2.75 * Math.abs(value);
    const points = up
      ? [at - half, y, at + half, y, at, y - length]
      : [at, y - half, at, y + half, at + length, y];
    return `<polygon class="weight ${kind}${value < 0 ? " negative" : ""}" points="${points.map((p) => +p.toFixed(2)).join(" ")}"/>`;
  }

  function rolled({ wx, wh, step }) {
    return [
      text(48, 17, symbol("y", step), "role-output"),
      weight(1, "role-output", 48, 44, 19, true),
      `<path class="loop" d="M71 56C106 40 106 94 84 78"/>`,
      `<g transform="rotate(205 84 77.5)">${weight(wh, "role-hidden", 84, 77.5, 12, false)}</g>`,
      `<rect class="unit now" x="25" y="46" width="46" height="40" rx="7"/>`,
      text(48, 71, symbol("h", step), "role-hidden"),
      weight(wx, "role-input", 48, 107, 19, true),
      text(48, 125, symbol("x", step), "role-input"),
      text(70, 107, symbol("w", "x"), "role-input"),
      text(104, 71, symbol("w", "h"), "start role-hidden"),
    ].join("");
  }

  function ledger({ wx, wh, b, step, x, z, h, y }) {
    const i = step - 1;
    const before = i ? h[i - 1] : 0;
    const row = (n, kind, name, sum, result) => {
      const at = 18 + 20 * n + (n > 2 ? 4 : 0);
      return text(142, at, name, `start ${kind}`) + text(250, at, sum, kind) + text(352, at, result, `end ${kind}`);
    };
    const times = "<tspan> · </tspan>";
    return [
      row(0, "role-input", symbol("w", "x") + times + symbol("x", step), `${fixed(wx)} · ${x[i]}`, fixed(wx * x[i])),
      row(1, "role-hidden", symbol("w", "h") + times + symbol("h", step - 1), `${fixed(wh)} · ${fixed(before)}`, fixed(wh * before)),
      row(2, "role-neutral", `<tspan class="symbol">b</tspan>`, "", fixed(b)),
      `<path class="rule" d="M142 65H352"/>`,
      row(3, "", symbol("z", step), "the sum", fixed(z[i])),
      row(4, "role-hidden strong", symbol("h", step), `tanh(${fixed(z[i])})`, fixed(h[i])),
      row(5, "role-output", symbol("y", step), `2 · ${fixed(h[i])}`, fixed(y[i])),
    ].join("");
  }

  function column({ wx, wh, step, x, h, y }, i) {
    const at = FIRST + PITCH * i;
    const left = at - BOX.width / 2;
    const now = i + 1 === step;
    const size = 31 * Math.abs(h[i]);
    const up = h[i] >= 0;
    const top = (up ? BOX.middle - size : BOX.middle).toFixed(2);
    const bar = `<rect class="bar" x="${left + 4}" y="${top}" width="${BOX.width - 8}" height="${size.toFixed(2)}"/>`;
    return `<g class="column${now ? " now" : ""}${i + 1 > step ? " later" : ""}" data-step="${i + 1}">
<rect class="band" x="${left - 3}" y="144" width="${PITCH}" height="172" rx="5"/>
${text(at, 159, fixed(y[i]), "role-output value y")}${weight(1, "role-output", at, BOX.top - 1, 10, true)}
<rect class="unit${now ? " now" : ""}" x="${left}" y="${BOX.top}" width="${BOX.width}" height="${BOX.height}" rx="5"/>
<path class="zero" d="M${left} ${BOX.middle}h${BOX.width}"/>${bar}
${text(at, up ? BOX.middle + 21 : BOX.middle - 13, fixed(h[i]), "role-hidden value h")}
${weight(wh, "role-hidden", left - 6, BOX.middle, 6, false)}
${weight(wx, "role-input", at, INPUT_Y - 17, 14, true)}
<circle class="port${x[i] ? " on" : ""}" cx="${at}" cy="${INPUT_Y}" r="14"/>${text(at, INPUT_Y + 4.5, x[i], "value x")}
${text(at, 310, i + 1, "time")}</g>`;
  }

  function draw() {
    const all = numbers();
    const labels = text(9, BOX.middle - 14, symbol("h", 0), "role-hidden") + text(10, 310, `<tspan class="symbol">t</tspan>`, "time");
    drawing.innerHTML = [rolled(all), ledger(all), labels, ...all.x.map((_, i) => column(all, i))].join("\n");
    const { wx, wh, b, step, z, h, y } = all;
    const i = step - 1;
    const t = index(step);
    const within = (value) => (value < 0 ? `(${fixed(value)})` : fixed(value));
    live.textContent =
      `Step ${step} of ${T}: z${t} = ${fixed(wx)}·${x[i]} + ${within(wh)}·${within(i ? h[i - 1] : 0)} + ${within(b)} = ${fixed(z[i])}, ` +
      `h${t} = tanh(z${t}) = ${fixed(h[i])}, y${t} = 2·h${t} = ${fixed(y[i])}`;
    for (const name of ["wx", "wh", "b"]) root.querySelector(`[data-value=${name}]`).textContent = fixed(all[name]);
    slider.setAttribute("aria-valuetext", `step ${step}, state ${fixed(h[i])}`);
    for (const [j, button] of buttons.entries()) button.setAttribute("aria-pressed", x[j] === 1);
  }

  // The inputs are buttons that lie over their circles.
  const buttons = x.map((_, i) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "over-input";
    button.style.left = `${(100 * (FIRST + PITCH * i)) / 360}%`;
    button.setAttribute("aria-label", `Input at step ${i + 1}`);
    button.addEventListener("click", () => {
      x[i] = 1 - x[i];
      draw();
    });
    root.querySelector(".widget-stage").append(button);
    return button;
  });

  drawing.addEventListener("click", (event) => {
    const step = event.target.closest("[data-step]")?.dataset.step;
    if (step) move(slider, step);
  });
  root.addEventListener("input", draw);
  keys(root, slider);
  play(root.querySelector("[name=play]"), slider, 1, T, 700);
  reset(root.querySelector("[name=reset]"), root, () => (x = startingInputs()));
  root.numbers = numbers;
  draw();
};
