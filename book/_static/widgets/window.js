// Chapter 1: a window over a sentence. What followed the letters in it, counted in the 90,000 letters of the chapter, and
// how many bits that leaves; below, the bits left against the width, here and on average over the whole text.
(window.unrolledWidgets ??= {}).window = (root, { fixed, values, keys, follow, play, reset }) => {
  // numbers: begin
  const SENTENCE = "such as a dictionary next";
  const FIRST = 10;
  const MEAN = [4.0953,3.2744,2.3586,1.5933,1.1738,0.9138,0.7159,0.5496,0.4137];
  const COUNTS = [[[4.0953,90000," etan",[15197,10153,7807,5861,5672]],[3.9958,15197,"taios",[2413,1950,1635,1137,1072]],[3.8059,538,"scfnt",[89,67,60,53,45]],[3.6919,510,"scfnt",[86,66,59,52,39]],[3.619,124,"sfdcl",[23,17,14,11,9]],[2.9306,26,"sldnf",[7,5,4,3,2]],[3.0295,23,"sdlnf",[5,4,4,3,2]],[1.3788,7,"ldn",[4,2,1]],[1.3788,7,"ldn",[4,2,1]]],[[4.0953,90000," etan",[15197,10153,7807,5861,5672]],[2.1425,2502," eisu",[1355,506,259,88,76]],[1.6893,485,"eioua",[275,121,64,9,7]],[1.5769,32,"ieoay",[17,11,2,1,1]],[1.5766,31,"ieoay",[17,10,2,1,1]],[1.0949,14,"iea",[10,3,1]],[0.8113,4,"ia",[3,1]],[0.8113,4,"ia",[3,1]],[0.0,2,"i",[2]]],[[4.0953,90000," etan",[15197,10153,7807,5861,5672]],[3.3769,5583,"nsotc",[1512,819,805,628,298]],[2.6191,259,"nctfr",[80,73,28,26,21]],[2.0098,121,"cfrsg",[62,21,16,15,4]],[1.5222,17,"cfr",[8,5,4]],[1.5222,17,"cfr",[8,5,4]],[1.371,10,"cfr",[6,2,2]],[0.0,3,"c",[3]],[0.0,3,"c",[3]]],[[4.0953,90000," etan",[15197,10153,7807,5861,5672]],[3.3138,3026,"toeah",[583,513,478,333,262]],[2.8613,298,"th ai",[71,58,52,44,27]],[0.7146,73,"tae",[62,9,2]],[0.0,62,"t",[62]],[0.0,8,"t",[8]],[0.0,8,"t",[8]],[0.0,6,"t",[6]],[0.0,3,"t",[3]]],[[4.0953,90000," etan",[15197,10153,7807,5861,5672]],[3.0362,7807,"h iea",[2125,1649,954,930,524]],[2.0943,583,"i sel",[242,180,73,49,19]],[0.728,71,"i l",[60,9,2]],[0.5976,62,"i ",[53,9]],[0.5976,62,"i ",[53,9]],[0.5436,8,"i ",[7,1]],[0.5436,8,"i ",[7,1]],[0.65,6,"i ",[5,1]]],[[4.0953,90000," etan",[15197,10153,7807,5861,5672]],[3.3769,5583,"nsotc",[1512,819,805,628,298]],[1.8615,954,"oncmv",[649,104,47,32,28]],[0.4304,242,"ovc",[224,15,3]],[0.0,60,"o",[60]],[0.0,53,"o",[53]],[0.0,53,"o",[53]],[0.0,7,"o",[7]],[0.0,7,"o",[7]]],[[4.0953,90000," etan",[15197,10153,7807,5861,5672]],[3.6034,4974,"nr fu",[1286,751,464,370,269]],[0.3493,805,"nru b",[766,18,18,1,1]],[0.0166,649,"nb",[648,1]],[0.0,224,"n",[224]],[0.0,60,"n",[60]],[0.0,53,"n",[53]],[0.0,53,"n",[53]],[0.0,7,"n",[7]]],[[4.0953,90000," etan",[15197,10153,7807,5861,5672]],[3.3134,5672," tgde",[1600,835,589,570,372]],[2.3771,1286," stae",[666,176,124,102,83]],[1.3135,766," sage",[512,144,102,4,2]],[1.3522,648," sage",[426,112,102,4,2]],[1.3942,224," as",[130,54,40]],[0.6346,60,"as ",[53,4,3]],[0.0,53,"a",[53]],[0.0,53,"a",[53]]],[[4.0953,90000," etan",[15197,10153,7807,5861,5672]],[3.5745,5861,"tnrl ",[930,881,787,762,538]],[1.9808,284,"mlrtg",[115,79,67,11,6]],[0.9989,102,"rl",[53,49]],[0.9989,102,"rl",[53,49]],[0.9989,102,"rl",[53,49]],[0.133,54,"rl",[53,1]],[0.0,53,"r",[53]],[0.0,53,"r",[53]]],[[4.0953,90000," etan",[15197,10153,7807,5861,5672]],[3.4314,4423,"e aio",[1179,833,429,400,274]],[3.179,787,"egaiy",[225,127,91,85,79]],[0.7164,67,"yir",[56,10,1]],[0.6987,53,"yi",[43,10]],[0.6987,53,"yi",[43,10]],[0.6987,53,"yi",[43,10]],[0.6987,53,"yi",[43,10]],[0.6987,53,"yi",[43,10]]],[[4.0953,90000," etan",[15197,10153,7807,5861,5672]],[1.9734,1094," ptns",[693,140,65,51,44]],[0.0,107," ",[107]],[0.0,79," ",[79]],[0.0,56," ",[56]],[0.0,43," ",[43]],[0.0,43," ",[43]],[0.0,43," ",[43]],[0.0,43," ",[43]]],[[4.0953,90000," etan",[15197,10153,7807,5861,5672]],[3.9958,15197,"taios",[2413,1950,1635,1137,1072]],[4.0226,693,"taoic",[91,80,64,58,57]],[3.8848,107,"sioet",[16,14,13,10,7]],[3.9695,79,"ieocs",[11,10,9,5,5]],[3.7871,56,"ioesc",[8,7,5,5,4]],[3.7453,43,"iescr",[7,5,4,3,3]],[3.7453,43,"iescr",[7,5,4,3,3]],[3.7453,43,"iescr",[7,5,4,3,3]]],[[4.0953,90000," etan",[15197,10153,7807,5861,5672]],[3.3134,5672," tgde",[1600,835,589,570,372]],[1.9598,486,"oaue ",[221,111,73,72,5]],[1.749,16,"oeua",[7,5,3,1]],[1.5,4,"uae",[2,1,1]],[1.5,4,"uae",[2,1,1]],[1.5,4,"uae",[2,1,1]],[1.0,2,"ae",[1,1]],[1.0,2,"ae",[1,1]]],[[4.0953,90000," etan",[15197,10153,7807,5861,5672]],[3.4221,10153," rnsd",[3427,1058,906,849,794]],[2.7329,372," drws",[115,107,47,30,22]],[2.4643,72,"wxega",[30,15,6,6,5]],[2.3219,5,"aevwx",[1,1,1,1,1]],[0.0,1,"x",[1]],[0.0,1,"x",[1]],[0.0,1,"x",[1]],[0.0,1,"x",[1]]],[[4.0953,90000," etan",[15197,10153,7807,5861,5672]],[2.6329,460,"cep t",[133,84,77,64,53]],[2.4849,399,"cpeti",[133,77,74,53,25]],[0.0,15,"t",[15]],[0.0,15,"t",[15]],[0.0,1,"t",[1]],[0.0,1,"t",[1]],[0.0,1,"t",[1]],[0.0,1,"t",[1]]]];
  // numbers: end
  const WIDEST = MEAN.length - 1;
  const LINE = { left: 20, step: 13.1, y: 40 };
  const BARS = { left: 44, step: 60, wide: 40, bottom: 160, tall: 68 };
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
