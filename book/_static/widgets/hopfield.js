// Chapter 10: a Hopfield network of 64 units that has stored four letters. The reader flips dots; each update asks one
// unit, which takes the sign of what it hears, and the energy falls.
(window.unrolledWidgets ??= {}).hopfield = (root, { fixed }) => {
  const LETTERS = { A: "183c66667e7e6666", F: "fefec0f8f8c0c0c0", O: "3c7ec3c3c3c37e3c", Z: "ffff0e1c3870ffff" };
  const SIDE = 8;
  const H = SIDE * SIDE;
  const GRID = { left: 14, top: 36, step: 21 };
  const PLOT = { left: 228, right: 348, top: 36, bottom: 204, most: 4, least: -34, flips: 40 };
  const BROKEN = 16;
  const SHOWN_AT_START = 6; // flips

  const drawing = root.querySelector(".drawing");
  const live = root.querySelector("[aria-live]");
  const grid = root.querySelector(".over-grid");
  const button = (name) => root.querySelector(`[name=${name}]`);
  const range = (n) => Array.from({ length: n }, (_, i) => i);
  const sum = (values) => values.reduce((total, value) => total + value, 0);

  const signs = (rows) => range(H).map((i) => ((parseInt(rows.slice((i >> 3) * 2, (i >> 3) * 2 + 2), 16) >> (7 - (i & 7))) & 1 ? 1 : -1));
  const names = Object.keys(LETTERS);
  const patterns = names.map((name) => signs(LETTERS[name]));
  const W = range(H).map((i) => range(H).map((j) => (i === j ? 0 : sum(patterns.map((p) => p[i] * p[j])) / H)));
  // Every unit is asked once in 64 updates, in an order that jumps about.
  const ORDER = range(H).map((k) => (37 * k + 11) % H);

  let s, trace, turn, updates, cursor, changed, story, seed;
  let timer = 0;

  const hears = (i) => sum(W[i].map((w, j) => w * s[j]));
  const energy = () => -0.5 * sum(s.map((sign, i) => sign * hears(i)));
  const place = (i) => `Row ${(i >> 3) + 1}, column ${(i & 7) + 1}`;

  function numbers() {
    const fields = range(H).map(hears);
    return { s, W, fields, energy: energy(), trace, updates, cursor, next: ORDER[turn], unstable: fields.filter((h, i) => h * s[i] < 0).length };
  }

  /** Which stored letter a state is, or what it comes nearest to. */
  function nearest() {
    const overlaps = patterns.map((p) => sum(p.map((sign, i) => sign * s[i])));
    const best = overlaps.reduce((at, value, n) => (Math.abs(value) > Math.abs(overlaps[at]) ? n : at), 0);
    const off = (H - Math.abs(overlaps[best])) / 2;
    const name = overlaps[best] < 0 ? `the opposite of ${names[best]}` : names[best];
    return off ? `${off} dot${off === 1 ? "" : "s"} from ${name}` : name;
  }

  function flip(i, by) {
    s[i] = -s[i];
    changed = i;
    trace.push([energy(), by]);
  }

  /** Ask the units in turn until one flips. Return whether one did. */
  function step() {
    for (let asked = 1; asked <= H; asked++) {
      const i = ORDER[turn];
      turn = (turn + 1) % H;
      updates++;
      const h = hears(i);
      if (h * s[i] < 0) {
        flip(i, "unit");
        story = `${place(i)} hears ${fixed(h)} and flips.`;
        return true;
      }
    }
    changed = -1;
    story = "All were asked, none flips: the bottom of a valley.";
    return false;
  }

  function show(state, told) {
    s = [...state];
    trace = [[energy(), "start"]];
    changed = -1;
    story = told;
  }

  function breakDots() {
    const left = range(H);
    for (let k = 0; k < BROKEN; k++) {
      seed = (1103515245 * seed + 12345) % 2147483648;
      const [i] = left.splice((seed >> 8) % left.length, 1);
      s[i] = -s[i];
    }
    changed = -1;
    trace.push([energy(), "you"]);
    story = `${BROKEN} dots are flipped.`;
  }

  function start() {
    turn = updates = 0;
    cursor = 27;
    seed = 4;
    show(patterns[2], "");
    breakDots();
    trace = trace.slice(1);
    for (let k = 0; k < SHOWN_AT_START; k++) step();
  }

  const text = (x, y, content, kind = "") => `<text x="${x}" y="${y}" class="${kind}">${content}</text>`;
  const height = (E) => PLOT.top + ((PLOT.bottom - PLOT.top) * (PLOT.most - E)) / (PLOT.most - PLOT.least);

  function dot(i, h) {
    const x = GRID.left + GRID.step * (i & 7);
    const y = GRID.top + GRID.step * (i >> 3);
    const kind = `pixel${s[i] > 0 ? " on" : ""}${i === changed ? " now" : ""}`;
    const mark = h * s[i] < 0 ? `<circle class="against" cx="${x + 9.5}" cy="${y + 9.5}" r="3.5"/>` : "";
    return `<rect class="${kind}" x="${x}" y="${y}" width="19" height="19" rx="2"/>${mark}`;
  }

  function curve() {
    const part = trace.slice(-PLOT.flips - 1);
    const wide = (PLOT.right - PLOT.left) / PLOT.flips;
    const points = part.map(([E], k) => [PLOT.left + wide * k, height(E)]);
    const ends = points.map(([x, y]) => `${x.toFixed(2)} ${y.toFixed(2)}`);
    const lines = part.slice(1).map(([, by], k) => `<path class="fall${by === "you" ? " by-hand" : ""}" d="M${ends[k]}L${ends[k + 1]}"/>`);
    const [x, y] = points.at(-1);
    return `${lines.join("")}<circle class="spot" cx="${x.toFixed(2)}" cy="${y.toFixed(2)}" r="5"/>`;
  }

  function draw() {
    const { fields, unstable } = numbers();
    const E = energy();
    const mark = document.activeElement === grid;
    drawing.innerHTML = [
      text(GRID.left, 22, "64 units", "start role-hidden small") + text(PLOT.left - 24, 22, `energy ${fixed(E, 1)}`, "start small strong"),
      [0, -10, -20, -30].map((e) => `<path class="grid" d="M${PLOT.left} ${height(e).toFixed(2)}H${PLOT.right}"/>${text(PLOT.left - 5, (height(e) + 4).toFixed(2), fixed(e, 0), "end tick")}`).join(""),
      text((PLOT.left + PLOT.right) / 2, PLOT.bottom + 14, "flips →", "tick"),
      fields.map((h, i) => dot(i, h)).join(""),
      mark ? `<rect class="cursor-box" x="${GRID.left + GRID.step * (cursor & 7) - 2}" y="${GRID.top + GRID.step * (cursor >> 3) - 2}" width="23" height="23" rx="3"/>` : "",
      curve(),
    ].join("\n");
    live.textContent = `${story} Energy ${fixed(E)}; ${unstable || "no"} unit${unstable === 1 ? "" : "s"} would flip. It is ${nearest()}.`;
  }

  function stop() {
    clearInterval(timer);
    timer = 0;
    button("run").textContent = "Run";
  }

  function run() {
    if (timer) return stop();
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
      while (step());
      return draw();
    }
    button("run").textContent = "Stop";
    timer = setInterval(() => {
      if (!step()) stop();
      draw();
    }, 150);
  }

  function byHand(i) {
    cursor = i;
    flip(i, "you");
    story = `${place(i)} is turned ${s[i] > 0 ? "on" : "off"}.`;
    draw();
  }

  const acts = {
    step: () => step(),
    run,
    break: breakDots,
    reset: start,
    ...Object.fromEntries(names.map((name, n) => [`letter-${name}`, () => show(patterns[n], `The stored ${name}.`)])),
  };
  for (const [name, act] of Object.entries(acts)) {
    button(name).addEventListener("click", () => {
      if (name !== "run") stop();
      act();
      draw();
    });
  }

  grid.addEventListener("pointerdown", (event) => {
    stop();
    const box = grid.getBoundingClientRect();
    const at = (part) => Math.min(SIDE - 1, Math.max(0, Math.floor(part * SIDE)));
    byHand(SIDE * at((event.clientY - box.top) / box.height) + at((event.clientX - box.left) / box.width));
  });
  grid.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const [row, column] = [cursor >> 3, cursor & 7];
    const last = SIDE - 1;
    const moves = {
      ArrowLeft: [row, Math.max(0, column - 1)],
      ArrowRight: [row, Math.min(last, column + 1)],
      ArrowUp: [Math.max(0, row - 1), column],
      ArrowDown: [Math.min(last, row + 1), column],
      Home: [row, 0],
      End: [row, last],
    };
    const flips = event.key === " " || event.key === "Enter";
    if (!flips && !moves[event.key]) return;
    event.preventDefault();
    stop();
    if (flips) return byHand(cursor);
    const [r, c] = moves[event.key];
    cursor = SIDE * r + c;
    story = `${place(cursor)} is ${s[cursor] > 0 ? "on" : "off"} and hears ${fixed(hears(cursor))}.`;
    draw();
  });
  for (const kind of ["focus", "blur"]) grid.addEventListener(kind, draw);

  root.numbers = numbers;
  start();
  draw();
};
