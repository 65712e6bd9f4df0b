// Chapter 1: a window over a sentence. What followed the letters in it, counted in the 90,000 letters of the chapter, and
// how many bits that leaves; below, the bits left against the width, here and on average over the whole text.
(window.unrolledWidgets ??= {}).window = (root, { fixed, values, keys, follow, play, reset }) => {
  // numbers: begin
  // numbers: end
  const WIDEST = MEAN.length - 1;
  const LINE = { left: 20, step: 13.1, y: 40 };
  const BARS = { left: 44, step: 60, wide: 40, bottom: 160, tall: 80 };
  const PLOT = { left: 44, right: 344, top: 222, bottom: 342, most: 5 };

  const drawing = root.querySelector(".drawing");
  const live = root.querySelector("[aria-live]");
  const slider = root.querySelector("[name=width]");
  const shown = (letter) => (letter === " " ? "␣" : letter);

  /** What the window shows, what follows it, and the bits left at every width. */
  function numbers() {
    const { width, place } = values(root);
    const row = COUNTS[place - FIRST];
    const [bits, times, letters, counts] = row[width];
    const shares = counts.map((count) => count / times);
    return { width, place, seen: SENTENCE.slice(place - width, place), bits, times, letters: [...letters], shares, here: row.map(([b]) => b), mean: MEAN };
  }

  const text = (x, y, content, kind = "") => `<text x="${x.toFixed(2)}" y="${y.toFixed(2)}" class="${kind}">${content}</text>`;
  const across = (width) => PLOT.left + ((PLOT.right - PLOT.left) * width) / WIDEST;
  const height = (bits) => PLOT.bottom - ((PLOT.bottom - PLOT.top) * bits) / PLOT.most;
  const points = (list) => list.map((bits, width) => `${across(width).toFixed(2)} ${height(bits).toFixed(2)}`).join("L");

  function sentence({ width, place }) {
    const at = (i) => LINE.left + LINE.step * i;
    const letters = [...SENTENCE].map((letter, i) => {
      const kind = i === place ? "role-output strong" : i < place && i >= place - width ? "role-input" : "role-neutral";
      return text(at(i), LINE.y, i === place ? "?" : shown(letter), kind);
    });
    const left = at(place - width) - LINE.step / 2;
    return `<rect class="frame" x="${left.toFixed(2)}" y="${LINE.y - 17}" width="${(width * LINE.step).toFixed(2)}" height="24"/>${letters.join("")}`;
  }

  function bars({ letters, shares }) {
    return letters.map((letter, i) => {
      const x = BARS.left + BARS.step * i;
      const tall = BARS.tall * shares[i];
      return [
        `<rect class="share" x="${x}" y="${(BARS.bottom - tall).toFixed(2)}" width="${BARS.wide}" height="${tall.toFixed(2)}"/>`,
        text(x + BARS.wide / 2, BARS.bottom - tall - 5, `${fixed(100 * shares[i], 0)} %`, "role-output small"),
        text(x + BARS.wide / 2, BARS.bottom + 15, shown(letter), "role-output"),
      ].join("");
    });
  }

  function plot({ width, bits, here, mean }) {
    const right = width < 5;
    return [
      ...[0, 1, 2, 3, 4].map((b) => `<path class="grid" d="M${PLOT.left} ${height(b)}H${PLOT.right}"/>${text(PLOT.left - 8, height(b) + 4, b, "end tick")}`),
      text(PLOT.left - 8, PLOT.top - 16, "bits left: ● here, - - on average", "start tick"),
      ...mean.map((_, w) => text(across(w), PLOT.bottom + 16, w, "tick")),
      text((PLOT.left + PLOT.right) / 2, PLOT.bottom + 32, "letters in the window →", "tick"),
      `<path class="alone" d="M${points(mean)}"/><path class="left" d="M${points(here)}"/>`,
      ...here.map((b, w) => `<circle class="open${w === width ? " now" : ""}" cx="${across(w)}" cy="${height(b).toFixed(2)}" r="${w === width ? 6 : 3}"/>`),
      text(across(width) + (right ? 10 : -10), height(bits) - 10, fixed(bits), `${right ? "start" : "end"} role-output reading`),
    ].join("");
  }

  function draw() {
    const all = numbers();
    const { width, place, seen, bits, times, letters, shares } = all;
    drawing.innerHTML = [sentence(all), text(36, 66, "what followed these letters in the text", "start tick"), ...bars(all), plot(all)].join("\n");
    const letter = `${width} letter${width === 1 ? "" : "s"}`;
    const first = letters.slice(0, 2).map((l, i) => `${shown(l)} ${fixed(100 * shares[i], 0)} %`);
    const told = width ? `${letter}, “${seen.replaceAll(" ", "␣")}”: ${times.toLocaleString("en-US")} times in the text` : "No letter: the whole text";
    live.textContent = `${told}. Next ${first.join(", ")}. ${fixed(bits)} bits left.`;
    root.querySelector("[data-value=place]").textContent = shown(SENTENCE[place]);
    slider.setAttribute("aria-valuetext", `${letter}, ${fixed(bits)} bits left`);
    root.querySelector("[name=place]").setAttribute("aria-valuetext", `the next letter is ${SENTENCE[place] === " " ? "a space" : SENTENCE[place]}`);
  }

  root.addEventListener("input", draw);
  keys(root, slider);
  follow(root, slider, (x) => ((x - PLOT.left) * WIDEST) / (PLOT.right - PLOT.left));
  play(root.querySelector("[name=play]"), slider, 0, WIDEST, 600);
  reset(root.querySelector("[name=reset]"), root);
  root.numbers = numbers;
  draw();
};
