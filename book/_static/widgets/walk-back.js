// Chapter 3: how long the gradient stays while it walks back through time. Eight units, h_t = tanh(s x_t W_x + h_{t-1} W_h)
// with W_h = g Q, h_0 = 0, and a loss that sends a gradient of length 1 to the last of thirty states.
(window.unrolledWidgets ??= {})["walk-back"] = (root, { fixed, short, power, values, keys, follow, play, reset }) => {
  // Written by tests/book/widget_pages.py; tests/book/test_widget_walk_back.py says where they come from.
  // numbers: begin
  const Q = [[-0.048701934223330134,-0.06764789600705114,-0.43694925099679527,0.10143404818706124,-0.33269350409166276,0.3817569014188405,0.7316851077376632,-0.007209255139797725],[0.272593707915724,-0.4373892848565156,0.18855932536470776,0.4420061415365585,-0.6416982557151674,-0.12648539031029996,-0.19483544901642136,0.19422455564671692],[0.21082015885332825,-0.06867127873753506,-0.1908204187386173,-0.7096711530145986,-0.277914916287292,-0.5106471010771806,0.13447958608279514,0.2339051450106589],[-0.3499615683238354,-0.06145398604441287,0.23439372489513743,0.13769994487667778,-0.1185212046338743,-0.549790950560513,0.31878425355797646,-0.6179869332143711],[0.06167622940711948,0.2377142496107596,0.06186028590424122,-0.35183069798470057,-0.5021986902416146,0.3979666423749012,-0.32951943703823033,-0.5412138310612723],[0.4877023693599397,0.7551793934911284,-0.05859602946104239,0.32348420975615777,-0.08766560489348288,-0.25131620899953866,0.11368451132021917,-0.0023855053028167227],[-0.6978680397094167,0.3364317129299057,-0.28992505501423305,0.11801225486895728,-0.32133206651429036,-0.1392557265873265,-0.27512641599584853,0.3216667106283994],[-0.16650884097848745,0.23586385998652676,0.7686684299669055,-0.17144537954408504,-0.152024092078878,0.185211015773791,0.33130970292635187,0.35946878563227136]];
  const WX = [2.1178387550510482,-1.1120207626922813,-0.37760500712699807,2.0427716074923303,0.6467029962018469,0.6630633723762617,-0.5140063716874629,-1.6480751708556527];
  const X = [0.345584192064786,0.8216181435011584,0.33043707618338714,-1.303157231604361,0.9053558666731177,0.4463745723640113,-0.5369532353602852,0.5811181041963531,0.36457239618607573,0.294132496655526,0.02842224131579679,0.5467129866124469,-0.7364540870016669,-0.16290994799305278,-0.48211931267997826,0.5988462126346276,0.03972210748165899,-0.2924567509650886,-0.7819084623568421,-0.2571922406188707,0.008142180518343508,-0.2756029052993704,1.2940638143982073,1.0067243153057943,-2.7111624789659685,-1.8890132459676727,-0.17477209205516195,-0.42219041157635356,0.2136429974986111,0.21732193102256359];
  // numbers: end
  const H = 8;
  const T = 30;
  const PLOT = { left: 44, right: 344, top: 46, bottom: 238 };
  const BARS = { top: 268, bottom: 304 };
  const DECADES = { most: 3, least: -9 };

  const drawing = root.querySelector(".drawing");
  const live = root.querySelector("[aria-live]");
  const slider = root.querySelector("[name=back]");

  const length = (vector) => Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  const range = (n) => Array.from({ length: n }, (_, i) => i);

  /** Forward over all steps, then back: the norm after k = 0 … 30 steps, and the slope it met at each of them. */
  function numbers() {
    const { gain, size, back } = values(root);
    const h = [Array(H).fill(0)];
    for (const x_t of X) {
      const before = h.at(-1);
      const z = range(H).map((j) => size * x_t * WX[j] + gain * before.reduce((sum, h_i, i) => sum + h_i * Q[i][j], 0));
      h.push(z.map(Math.tanh));
    }
    let dh = Array(H).fill(1 / Math.sqrt(H));
    const norms = [length(dh)];
    const slopes = [];
    for (let t = T; t > 0; t--) {
      const dz = dh.map((dh_j, j) => dh_j * (1 - h[t][j] ** 2));
      slopes.push(length(dz) / length(dh));
      dh = range(H).map((i) => gain * dz.reduce((sum, dz_j, j) => sum + dz_j * Q[i][j], 0));
      norms.push(length(dh));
    }
    return { gain, size, back, norms, slopes, alone: range(T + 1).map((k) => gain ** k) };
  }

  // Time runs to the right, as in the unrolled network: the loss stands at the right end.
  const across = (k) => PLOT.right - ((PLOT.right - PLOT.left) * k) / T;
  const height = (exponent) => PLOT.top + ((PLOT.bottom - PLOT.top) * (DECADES.most - exponent)) / (DECADES.most - DECADES.least);
  const place = (k, value) => `${across(k)} ${height(Math.max(-60, Math.log10(value))).toFixed(2)}`;
  const text = (x, y, content, kind = "") => `<text x="${x}" y="${y}" class="${kind}">${content}</text>`;

  function frame() {
    const lines = [];
    for (let e = DECADES.most; e >= DECADES.least; e -= 3) {
      const y = height(e);
      lines.push(`<path class="${e === 0 ? "one" : "grid"}" d="M${PLOT.left} ${y}H${PLOT.right}"/>`);
      lines.push(text(PLOT.left - 6, y + 4, e === 0 ? "1" : power(e), "end tick"));
    }
    for (const k of [0, 10, 20, 30]) lines.push(text(across(k), BARS.bottom + 16, k, "tick"));
    lines.push(text((PLOT.left + PLOT.right) / 2, BARS.bottom + 32, "← steps back from the loss", "tick"));
    lines.push(text(PLOT.right - 6, PLOT.top + 16, "explodes", "end tick"));
    lines.push(text(PLOT.right - 6, PLOT.bottom - 8, "vanishes", "end tick"));
    return lines.join("");
  }

  const symbol = (letter) => `<tspan class="symbol">${letter}</tspan>`;
  const shifted = (by, kind, content, rest) => `<tspan class="${kind}" dy="${by}">${content}</tspan><tspan dy="${-by}">${rest}</tspan>`;

  function legend({ gain }) {
    const total = `‖${symbol("dh")}${shifted(-5, "sup", "total", "‖, the length of the gradient")}`;
    const alone = `${fixed(gain)}${shifted(-4, "sup letter", "k", ": what ")}${symbol("W")}${shifted(3, "sub letter", "h", " alone would do")}`;
    return [
      `<path class="norm walked" d="M${PLOT.left} 13h22"/>`,
      text(PLOT.left + 28, 17, total, "start role-gradient"),
      `<path class="alone" d="M${PLOT.left} 32h22"/>`,
      text(PLOT.left + 28, 36, alone, "start role-neutral"),
    ].join("");
  }

  function cursor({ back, norms }) {
    const x = across(back);
    const exponent = Math.log10(norms[back]);
    const inside = exponent <= DECADES.most && exponent >= DECADES.least;
    const y = height(Math.min(DECADES.most, Math.max(DECADES.least, exponent)));
    // The reading stands on that side of the line where the line is not.
    const right = back >= 8;
    const falls = norms[back] < norms[Math.max(0, back - 3)];
    const under = y < PLOT.top + 20 || (y < PLOT.bottom - 20 && falls === right);
    return [
      `<path class="cursor" d="M${x} ${PLOT.top}V${PLOT.bottom}M${x} ${BARS.top}V${BARS.bottom}"/>`,
      `<circle class="dot${inside ? "" : " outside"}" cx="${x}" cy="${y.toFixed(2)}" r="5.5"/>`,
      text(x + (right ? 8 : -8), (under ? y + 20 : y - 10).toFixed(2), short(norms[back]), `${right ? "start" : "end"} role-gradient reading`),
    ].join("");
  }

  function draw() {
    const all = numbers();
    const { gain, size, back, norms, slopes, alone } = all;
    const bar = (slope, k) => {
      const tall = (BARS.bottom - BARS.top) * slope;
      const place = `x="${(across(k + 1) + 1.25).toFixed(2)}" y="${(BARS.bottom - tall).toFixed(2)}"`;
      return `<rect class="bar${k < back ? " met" : ""}" ${place} width="7.5" height="${tall.toFixed(2)}"/>`;
    };
    const points = (line) => line.map((value, k) => place(k, value));
    const path = (kind, ends) => `<path class="${kind}" d="M${ends.join("L")}"/>`;
    drawing.innerHTML = [
      legend(all),
      frame(),
      `<g clip-path="url(#widget-walk-back-clip)">`,
      path("taken", [...points(norms), ...points(alone).reverse()]),
      path("alone", points(alone)),
      path("norm", points(norms)),
      `${path("norm walked", points(norms.slice(0, back + 1)))}</g>`,
      text(PLOT.left, BARS.top - 8, "slopes of tanh: they take the shaded part", "start role-hidden small"),
      text(PLOT.left - 6, BARS.top + 8, "1", "end tick") + text(PLOT.left - 6, BARS.bottom, "0", "end tick"),
      `<path class="grid" d="M${PLOT.left} ${BARS.top}H${PLOT.right}M${PLOT.left} ${BARS.bottom}H${PLOT.right}"/>`,
      slopes.map(bar).join(""),
      cursor(all),
    ].join("\n");
    const steps = `${back} step${back === 1 ? "" : "s"} back`;
    const factor = back ? slopes[back - 1] : 0;
    const last = `The last step multiplied it by ${fixed(gain)} (gain) · ${fixed(factor, 3)} (slope) = ${fixed(gain * factor, 3)}.`;
    live.textContent = `${steps}: ‖dh_total‖ = ${short(norms[back])}, by Wₕ alone ${short(alone[back])}. ${back ? last : ""}`.trim();
    root.querySelector("[data-value=gain]").textContent = fixed(gain);
    root.querySelector("[data-value=size]").textContent = fixed(size);
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
