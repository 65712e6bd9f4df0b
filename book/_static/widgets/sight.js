// Chapter 7: which inputs one output sees, as the true gradient by each of eight inputs. One tanh unit a layer reads
// forward, backward, in both directions (the output is the sum), or forward in two layers. All weights but w_h are 1.
(window.unrolledWidgets ??= {})["sight"] = (root, { fixed, values, move, keys, follow, reset }) => {
  const X = [0.2, -0.3, 0.4, -0.2, -0.1, 0.3, -0.4, 0.2];
  const T = X.length;
  const NETS = ["forward", "backward", "both directions", "two layers"];
  const [LEFT, STEP, UNIT, FLOOR] = [40, 40, 30, 196];

  const drawing = root.querySelector(".drawing");
  const live = root.querySelector("[aria-live]");
  const [net, step] = ["net", "step"].map((name) => root.querySelector(`[name=${name}]`));
  const at = (s) => LEFT + STEP * s;

  function layer(x, wh) {
    let h = 0;
    return x.map((value) => (h = Math.tanh(value + wh * h)));
  }

  /** The gradient of what a layer read, given that of its states. */
  function back(dh, h, wh) {
    const dx = Array(T).fill(0);
    for (let t = T - 1, next = 0; t >= 0; t--) {
      dx[t] = (dh[t] + next) * (1 - h[t] ** 2);
      next = wh * dx[t];
    }
    return dx;
  }

  /** The gradient of the output of step t (from 0) by every input, and which inputs can reach it. */
  function numbers() {
    const { net: kind, step: t1, wh } = values(root);
    const t = t1 - 1;
    const one = (s) => X.map((_, i) => Number(i === s));
    const forward = (t) => back(one(t), layer(X, wh), wh);
    const backward = () => {
      const x = [...X].reverse();
      return back(one(T - 1 - t), layer(x, wh), wh).reverse();
    };
    const lower = layer(X, wh);
    const twice = () => back(back(one(t), layer(lower, wh), wh), lower, wh);
    const both = () => forward(t).map((value, s) => value + backward()[s]);
    const dx = [() => forward(t), backward, both, twice][kind]();
    const reached = X.map((_, s) => (wh === 0 ? s === t : kind === 2 || (kind === 1 ? s >= t : s <= t)));
    return { net: NETS[kind], step: t1, wh, dx, sees: reached.filter(Boolean).length, reached };
  }

  const text = (x, y, content, kind = "") => `<text x="${x}" y="${y}" class="${kind}">${content}</text>`;

  /** A row of states, joined in the order in which they are read. */
  function row(y, t, reverse, label) {
    const joined = X.slice(1).map((_, s) => {
      const [from, to] = reverse ? [at(s + 1) - 9, at(s) + 9] : [at(s) + 9, at(s + 1) - 9];
      const tip = reverse ? 5 : -5;
      return `<path class="joint" d="M${from} ${y}H${to}m${tip} -4L${to} ${y}l${tip} 4"/>`;
    });
    const units = X.map((_, s) => `<circle class="cell${s === t ? " now" : ""}" cx="${at(s)}" cy="${y}" r="8"/>`);
    return joined.join("") + units.join("") + text(at(0) - 12, y - 13, label, "small start");
  }

  function draw() {
    const { net: name, step: t1, wh, dx, sees, reached } = numbers();
    const t = t1 - 1;
    const rows = {
      forward: [[92, false, "forward"]],
      backward: [[92, true, "backward"]],
      "both directions": [[50, true, "backward"], [92, false, "forward"]],
      "two layers": [[50, false, "layer 2"], [92, false, "layer 1"]],
    }[name];
    drawing.innerHTML = [
      `<rect class="band" x="${at(t) - 19}" y="6" width="38" height="218" rx="6"/>`,
      text(at(t), 22, "output", "role-output small strong"),
      rows.map(([y, reverse, label]) => row(y, t, reverse, label)).join(""),
      `<path class="rule" d="M${at(0) - 20} ${FLOOR}H${at(T - 1) + 20}"/>`,
      dx.map((value, s) => `<rect class="slope" x="${at(s) - 12}" y="${(FLOOR - UNIT * value).toFixed(2)}" width="24" height="${(UNIT * value).toFixed(2)}"/>`).join(""),
      dx.map((value, s) => text(at(s), FLOOR + 13, reached[s] ? fixed(value) : "0", "role-gradient value")).join(""),
      X.map((_, s) => text(at(s), FLOOR + 27, s + 1, "time")).join(""),
    ].join("\n");
    const tallest = dx.indexOf(Math.max(...dx));
    live.textContent = `Output of step ${t1}, ${name}, wₕ = ${fixed(wh, 1)}: it sees ${sees} of ${T} inputs. The largest gradient is ${fixed(dx[tallest])}, by input ${tallest + 1}.`;
    root.querySelector("[data-value=net]").textContent = name;
    root.querySelector("[data-value=step]").textContent = t1;
    root.querySelector("[data-value=wh]").textContent = fixed(wh, 1);
    net.setAttribute("aria-valuetext", name);
  }

  root.addEventListener("input", draw);
  keys(root, step);
  follow(root, step, (x) => (x - LEFT) / STEP + 1);
  root.querySelector("[name=next]").addEventListener("click", () => move(net, (net.valueAsNumber + 1) % NETS.length));
  reset(root.querySelector("[name=reset]"), root);
  root.numbers = numbers;
  draw();
};
