// Chapter 8: scores of the trained network for the next character, its chances at a temperature, and how the network went
// on from there at each temperature.
(window.unrolledWidgets ??= {}).temperature = (root, { fixed, values, keys, play, reset }) => {
  // numbers: begin
  const ALPHABET = "\n ',.abcdefghijklmnopqrstuvwxyz";
  const PLACES = [{"before":"the value of the ","scores":[-7.97,-5.49,-5.09,-4.68,-4.58,-1.46,-1.3,-0.53,-1.14,-0.65,-0.85,-2.0,-3.71,-1.29,-6.89,-2.31,-1.21,-1.12,-1.08,-1.53,-1.72,-5.42,-1.13,0.0,-1.43,-2.55,-1.87,-3.16,-6.49,-5.0,-6.35],"pages":[["string is a sequence of the same as a","sequence of the start are evaluated as a","string comparison method in the same as a","string is a string is a string is an"],["function is a string and the list of the","syntax is a sequence of an exception is a","syntax of the same to the commands that","acception of a string is used in version is"],["function has been pattern is a dictionary","will be defined equal terminate instance or","a container implemented in the represent and","the cannot be converted types are the case"],["function has been not evaluated are","interpreter is execution and assignment in","the syntax should in the assoch have","position be providing the program being zero"],["function has booleann immed, line and","this.¶changed in the class are to mappings,","count even iterached.¶a syntax required each","argument adder of runumber any exception, a"],["function immedified unfically of elements,","amming is raised before for standards, count","detailt. thesear number.¶to prient, a","garmutable cpython mutt.¶the except point of"],["function immedified unfically of either with","operation occurs for skition abnags, diting","it is not asoum optilipding statement . two","rea executed with the except recursing chec"],["function immedifiegroach before albaise vet","inside list.¶ng ddele recursing illworasted","anteges in as un kiy.¶no string must be","orthers .¶while topes considvens are"],["fvarue fcomanction. when agemened and","taynw'opked in,, oend can earfired","bece.,ouldetail knepty, reative live","mecltonde, the bo.intiing .¶while toroy"],["fxept imcked by dipmod.¶, here.¶ad'gerr wix","given ingodiand false sigpned acceptionized","ans invokim titd liwified.,, start, ,","i.gnumermabizer. it.tty estacey folis."]]},{"before":"a st","scores":[-7.29,-5.38,-6.91,-6.01,-5.57,-1.45,-4.35,-2.53,-5.91,-3.87,-7.92,-9.89,-4.79,-4.0,-9.11,-11.57,-5.48,-5.06,-7.59,-2.98,-5.33,-8.09,0.0,-4.38,-7.66,-6.2,-8.48,-9.79,-9.83,-3.57,-9.87],"pages":[["ring is a string is a star string is a","command as a string and the same as a new","instance of the same sequence of the same as","a string and the string and the same"],["ring is a function of the last of a future","and the normal namespace is a dictionaries","are the string is a syntax is a sequence","contains a specificity to the command the"],["ring is a dictionary exception in a normally","defined in the case breakpoint is used to","implementation re reveld binding operations.","this comparison the simple of the exception "],["ring is a dictionary.¶if a global hashe, the","list of the non a line done and","corresponding comparison that will be","returns a code to the current, using the"],["romit, left also note that is no factivelys","breakpoint implementations of a finite types","is given active issebclations, numbers most","operations therigating zero are the case th"],["ly subparse character in a key.¶aliasions x","executed names, can cchanged bind. within be","it is not asroidefur of the primari an","integer active froupt.¶or a zero asching a"],["et. the command, proved .¶if no changes with","opging node makable as by point found","typeegrnally globals , python tuple.¶is a","code versiol value, muture stapy escarh"],["ew. the command, or undeaging occurrens wix","have defined no eaghe. elsed becaketnc","syntarized with asks , rvagh but not lof",".¶identified by the smquumarly cyclic reds,"],["dwert in need to orital.¶ake, of echarr wix","have defined no e.g., raised, becassecerwnim","localureld tok , rwictionary. equal an","lowefiod cycompercusuchegeacy"],["dyatpgin. decericions gc change, gaopit wix","herd. kgis.d. if afn.¶thethine chansr'hox","class kgvely asdra lox and trued.¶numb,","lasts. to .¶while tlymwekes acy"]]},{"before":"if the object is n","scores":[-13.09,-6.73,-12.33,-12.01,-10.26,-3.77,-15.78,-7.75,-10.65,-4.62,-6.93,-11.41,-7.78,-7.53,-15.31,-9.54,-8.66,-10.79,-12.22,0.0,-13.62,-11.18,-10.21,-10.29,-10.36,-4.48,-8.47,-8.27,-12.24,-7.41,-13.58],"pages":[["ot in the commands that are not a string is","a string is a sequence of the objects are","commands that the comparison method objects","are not supports such as a string and the"],["ot program be in the commands that for an","object is a function for exception is","executed by the operations that are not in","the breakpoint is a references are commands"],["ot print in patterns.¶the format","immutable.¶for string leading of the","operations are not function delete this","method of the arguments. a dictionary value"],["ow print in a specificated by the complex","when an exception implemented immutable","corresponding normally its are result, than","cases list contains the exceptor objects or"],["ow primary empty string all pdb comparisons","in point of an except clause, behavior other","is given active issebclations, numbers most","operations therigating zero are the case th"],["ow purpom for the number block, an exfucuts","included should be haddals, rebace values","boolocation have. . type, and program a","langument adder of othile, leaving at except"],["ow purmearad does not fkage of can charanst","global new object is an except clause's,,","for themsalue slpe nox an exited by hacd .","two ricalter, howouw considued a speecis are"],["ow right immbatically el, insonafe form wix","have defined no eaghe. elsed becaketnc","syntarized with asks , rvagh but not lof",".¶identified by the smquumarly cyclic reds,"],["ow rmapl immcating pysec characoch give wix","have epqulated ah for reforfece eclying.to","immultitier as vacipy, nhavearniles back","prrompt .¶while torox directy,"],["ox such apggd.qrefitrail differem.¶foro.viy","herded inldibre can garbapoped","blintfillydakait isshape tor 'hmxg.,","butagnmary back prtpkos .¶whilg, mutxberar"]]},{"before":"such as a dictiona","scores":[-10.57,-8.36,-11.91,-9.93,-10.17,-11.21,-7.88,-7.49,-9.96,-13.49,-11.13,-7.16,-12.48,-8.76,-12.99,-11.62,-3.36,-9.74,-8.88,-9.84,-9.63,-11.32,0.0,-10.23,-6.91,-11.09,-8.35,-13.32,-7.46,-7.59,-10.37],"pages":[["ry of the same as a string is a string and","the same as a string is a string is return a","string is a string that is a string and the","string is a string is a string is a sequence"],["ry of the exception of the list of the","current for the same arguments. the command","or a command by an immutable container, a","code block can be executed in types are the"],["ry statement is a string and the exceptions","can be interactive of the operations are not","function delete this method of the","arguments. a dictionary value hay be an"],["ry subpattern specificated by the complex","when an exception implemented immutable","corresponding normally its are result, than","cases list contains the exceptor objects or"],["ry subpattern smatter in a list be evalists","for immutable if all breakpoint in version","in the upped to be python tuple, such as","only reaching the type one cycle commands"],["ry subpattern slicing in a key.¶aliasions x","executed names, can cchanged bind. within be","it is not asroidefur of the primari an","integer active froupt.¶or a zero asching a"],["ry subpapled as alphoalb different form","wiulname, inhicigrable in there in a","displayved arigthtomineg. d'f.xcangast or","cmomback proress active froznuger.¶bey"],["ry such are case onizal , here can charative","jumonary, passed for siltenadbeg itlectwing","kmenrsion as un kiy.¶no string must be","orthers .¶while topes considvens are"],["ry such are case only flabistapacaased.¶wix","herdaing, diction, in these","leadings.¶dovefieded nwmbig tlue keys likits","operidb an irtumen .¶while toroy directy."],["ry such are case only fibeld. pdb alnow","wiych relbing, occuld for phavearcceides,","dowed antegether buisa nox and trued.¶numb,","lasts. to .¶while tlymwekes acy"]]}];
  // numbers: end
  const BARS = { count: 7, left: 46, step: 45, wide: 32, bottom: 150, tall: 82 };
  const LINE = { left: 20, first: 206, height: 20 };

  const drawing = root.querySelector(".drawing");
  const live = root.querySelector("[aria-live]");
  const slider = root.querySelector("[name=warmth]");
  const shown = (letter) => ({ " ": "␣", "\n": "¶" })[letter] ?? letter;

  /** The chances of all characters at the temperature, the bits in a draw, and what was written. */
  function numbers() {
    const { warmth, place } = values(root);
    const { before, scores, pages } = PLACES[place];
    const warm = scores.map((score) => (5 * score) / warmth);
    const most = Math.max(...warm);
    const powers = warm.map((score) => Math.exp(score - most));
    const total = powers.reduce((sum, power) => sum + power, 0);
    const p = powers.map((power) => power / total);
    const bits = -p.reduce((sum, chance) => sum + (chance > 0 ? chance * Math.log2(chance) : 0), 0);
    return { temperature: warmth / 5, before, p, bits: Math.max(0, bits), page: pages[warmth - 1] };
  }

  const text = (x, y, content, kind = "") => `<text x="${x}" y="${y.toFixed(2)}" class="${kind}">${content}</text>`;
  const line = (row, content, kind) => text(LINE.left, LINE.first + LINE.height * row, content.replaceAll(" ", "\u00a0").replaceAll("\n", "¶"), `start typed ${kind}`);

  function draw() {
    const { temperature, before, p, bits, page } = numbers();
    const { scores } = PLACES[values(root).place];
    const order = [...ALPHABET].map((_, v) => v).sort((a, b) => scores[b] - scores[a] || a - b).slice(0, BARS.count);
    const bars = order.map((v, i) => {
      const x = BARS.left + BARS.step * i;
      const tall = BARS.tall * p[v];
      return [
        `<rect class="share" x="${x - BARS.wide / 2}" y="${(BARS.bottom - tall).toFixed(2)}" width="${BARS.wide}" height="${tall.toFixed(2)}"/>`,
        text(x, BARS.bottom - tall - 5, `${fixed(100 * p[v], 0)} %`, "role-output small"),
        text(x, BARS.bottom + 16, shown(ALPHABET[v]), "role-output"),
      ].join("");
    });
    drawing.innerHTML = [
      text(LINE.left, 22, "read so far", "start tick"),
      text(LINE.left, 42, `… ${before.replaceAll(" ", "\u00a0")}`, "start typed role-input"),
      bars.join(""),
      text(LINE.left, LINE.first - 18, "and so it went on", "start tick"),
      page.map((part, row) => line(row, part, "role-output")).join(""),
    ].join("\n");
    live.textContent = `Temperature ${fixed(temperature, 1)}: next ${order.slice(0, 3).map((v) => `${shown(ALPHABET[v])} ${fixed(100 * p[v], 0)} %`).join(", ")}. A draw has ${fixed(bits)} bits.`;
    root.querySelector("[data-value=warmth]").textContent = fixed(temperature, 1);
    root.querySelector("[data-value=place]").textContent = `${values(root).place + 1} of ${PLACES.length}`;
    slider.setAttribute("aria-valuetext", fixed(temperature, 1));
  }

  root.addEventListener("input", draw);
  keys(root, slider);
  play(root.querySelector("[name=play]"), slider, Number(slider.min), Number(slider.max), 900);
  reset(root.querySelector("[name=reset]"), root);
  root.numbers = numbers;
  draw();
};
