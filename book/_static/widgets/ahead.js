// Chapter 9: sunspots as they were counted, and the same curve moved to the right by as many years as one looks ahead:
// the forecast “as now”. Below, the error against the years ahead of that forecast, of the average and of the networks.
(window.unrolledWidgets ??= {}).ahead = (root, { fixed, values, keys, follow, play, reset }) => {
  // numbers: begin
  const FIRST = 1949;
  const SPOTS = [134.7,83.9,69.4,31.5,13.9,4.4,38.0,141.7,190.2,184.8,159.0,112.3,53.9,37.6,27.9,10.2,15.1,47.0,93.8,105.9,105.5,104.5,66.6,68.9,38.0,34.5,15.5,12.6,27.5,92.5,155.4,154.6,140.4,115.9,66.6,45.9,17.9,13.4,29.4,100.2,157.6,142.6,145.7,94.3,54.6,29.9,17.5,8.6,21.5,64.3,93.3,119.6,111.0,104.0,63.7,40.4,29.8,15.2,7.5,2.9];
  const AVERAGE = 45.05261;
  const NETWORKS = [18,30,37,40,41,42,44,42,36,28,27];
  // numbers: end
  const MOST = NETWORKS.length;
  const LAST = FIRST + SPOTS.length - 1;
  const STARTS = SPOTS.length - MOST; // years from which one looks ahead
  const TOP = { left: 44, right: 344, top: 34, bottom: 144, most: 200 };
  const PLOT = { left: 44, right: 344, top: 196, bottom: 306, most: 110 };

  const drawing = root.querySelector(".drawing");
  const live = root.querySelector("[aria-live]");
  const slider = root.querySelector("[name=years]");

  /** Root of the mean square over all starts, of `forecast(start)` for the year `years` after it. */
  function error(years, forecast) {
    let sum = 0;
    for (let start = 0; start < STARTS; start++) sum += (forecast(start) - SPOTS[start + years]) ** 2;
    return Math.sqrt(sum / STARTS);
  }

  /** The errors of the three forecasts, 1 to 11 years ahead. */
  function numbers() {
    const all = NETWORKS.map((_, i) => i + 1);
    const now = all.map((years) => error(years, (start) => SPOTS[start]));
    return { ...values(root), now, average: all.map((years) => error(years, () => AVERAGE)), networks: NETWORKS };
  }

  const text = (x, y, content, kind) => `<text x="${x.toFixed(2)}" y="${y.toFixed(2)}" class="${kind}">${content}</text>`;
  const path = (list, kind) => `<path class="${kind}" d="M${list.map(([x, y]) => `${x.toFixed(2)} ${y.toFixed(2)}`).join("L")}"/>`;
  const height = (value, { top, bottom, most }) => bottom - ((bottom - top) * value) / most;
  const across = (years) => PLOT.left + ((PLOT.right - PLOT.left) * (years - 1)) / (MOST - 1);
  const scale = (box, ticks) =>
    ticks.flatMap((tick) => {
      const y = height(tick, box);
      return [`<path class="grid" d="M${box.left} ${y.toFixed(2)}H${box.right}"/>`, text(box.left - 8, y + 4, tick, "end tick")];
    });

  function waves(years) {
    const at = (i) => TOP.left + ((TOP.right - TOP.left) * i) / (LAST - FIRST);
    const line = (count, by) => SPOTS.slice(0, count).map((value, i) => [at(i + by), height(value, TOP)]);
    return [
      text(36, 16, "sunspots: — counted, - - as “as now” said", "start tick"),
      ...scale(TOP, [0, 100, 200]),
      ...[1960, 1980, 2000].map((year) => text(at(year - FIRST), TOP.bottom + 16, year, "tick")),
      path(line(SPOTS.length, 0), "counted"),
      path(line(STARTS, years), "alone"),
    ];
  }

  function errors({ years, now, average, networks }) {
    const line = (list) => list.map((value, i) => [across(i + 1), height(value, PLOT)]);
    const mark = (value, kind) => `<circle class="${kind}" cx="${across(years).toFixed(2)}" cy="${height(value, PLOT).toFixed(2)}" r="6"/>`;
    return [
      text(36, 182, "error: - - as now, ⋯ average, — networks", "start tick"),
      ...scale(PLOT, [0, 50, 100]),
      ...now.map((_, i) => text(across(i + 1), PLOT.bottom + 16, i + 1, "tick")),
      text((PLOT.left + PLOT.right) / 2, PLOT.bottom + 33, "years ahead →", "tick"),
      path(line(average), "average"),
      path(line(networks), "networks"),
      path(line(now), "alone"),
      mark(networks[years - 1], "by-network"),
      mark(now[years - 1], "by-now"),
    ];
  }

  function draw() {
    const all = numbers();
    const { years, now, average, networks } = all;
    drawing.innerHTML = [...waves(years), ...errors(all)].join("\n");
    const said = [now, average, networks].map((list) => fixed(list[years - 1], 0));
    const ahead = `${years} year${years === 1 ? "" : "s"} ahead`;
    live.textContent = `${ahead}: “as now” errs by ${said[0]}, the average by ${said[1]}, networks by ${said[2]}.`;
    slider.setAttribute("aria-valuetext", `${ahead}, as now errs by ${said[0]}`);
  }

  root.addEventListener("input", draw);
  keys(root, slider);
  follow(root, slider, (x) => 1 + ((x - PLOT.left) * (MOST - 1)) / (PLOT.right - PLOT.left));
  play(root.querySelector("[name=play]"), slider, 1, MOST, 700);
  reset(root.querySelector("[name=reset]"), root);
  root.numbers = numbers;
  draw();
};
