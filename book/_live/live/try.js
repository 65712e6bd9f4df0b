// "Try the check" on the first page: an editor, and a check that runs in the page. Loaded when it is asked for.
import { code as planted, given, question } from "./planted.js";
import { Python } from "./python.js";
import { TROUBLES, hasWebAssembly, runtimeTrouble } from "./trouble.js";

const BOOK = new URL("..", import.meta.url);
const STORED = `unrolled:try:${question}`;
const SECONDS = 15; // that a check may take
const BYTES = 15.6e6; // of runtime, NumPy and checks; a test compares

const plain = (text) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

/** Return the sentence about what stands in the way; an error of the worker has a kind. */
function sentence({ kind, address, message }) {
  if (kind === "file") return runtimeTrouble(address);
  if (kind === "crash") return `Python broke off (${plain(message)}): press Check to start it again; your text is kept.`;
  return TROUBLES[kind] ?? `This browser could not start Python (${plain(message)}): use a current Firefox, Chrome, Edge or Safari.`;
}

const STOPPED = {
  late: `Stopped after ${SECONDS} s: look for a loop that never ends; your text is kept.`,
  asked: "Stopped; your text is kept.",
};

const store = {
  read() {
    try {
      return localStorage.getItem(STORED);
    } catch {
      return null;
    }
  },
  /** Keep a text, or forget it; say whether the browser did. */
  write(text) {
    try {
      if (text === null) localStorage.removeItem(STORED);
      else localStorage.setItem(STORED, text);
      return true;
    } catch {
      return false;
    }
  },
};

const FORM = `
  <h2 id="try-title" tabindex="-1">Find the mistake</h2>
  <p>One line of this backward pass is wrong. Press Check: it says which mistake it is. Mend the line, and check
    again.</p>
  <details><summary>What is given: <code>np</code> and <code>rnn_forward</code></summary>
    <pre tabindex="0" aria-label="rnn_forward"></pre></details>
  <label for="try-code">The code, yours to change</label>
  <div class="try-editor">
    <pre class="try-numbers" aria-hidden="true"></pre>
    <textarea id="try-code" wrap="off" spellcheck="false" autocomplete="off" autocapitalize="off" autocorrect="off"></textarea>
  </div>
  <p class="try-note" hidden>This browser keeps nothing for this page: your text is gone when you leave it.</p>
  <div class="try-controls">
    <button type="button" class="try-check" title="Shift + Enter in the code">Check</button>
    <button type="button" class="try-stop" hidden>Stop</button>
    <button type="button" class="try-reset">Start over</button>
    <p class="try-status" role="status"></p>
    <progress max="1" value="0" aria-label="Loading Python"></progress>
  </div>
  <div class="try-output" role="region" aria-label="What the check says" aria-live="polite"></div>`;

/** Open the editor at the top of an element, and start to load Python. */
export function open(around) {
  const root = document.createElement("section");
  root.className = "try";
  root.setAttribute("aria-labelledby", "try-title");
  root.innerHTML = FORM;
  const style = document.createElement("link");
  Object.assign(style, { rel: "stylesheet", href: new URL("try.css", import.meta.url) });
  document.head.append(style);
  around.prepend(root);
  around.classList.add("trying");

  const find = (selector) => root.querySelector(selector);
  const [text, numbers, output, status, bar] = ["textarea", ".try-numbers", ".try-output", ".try-status", "progress"].map(find);
  const buttons = { check: find(".try-check"), stop: find(".try-stop"), reset: find(".try-reset") };
  let run = 0; // grows with every check and every stop: what belongs to an older one is not shown

  function say(words = "") {
    if (status.textContent !== words) status.textContent = words;
  }

  function show(kind, html = "") {
    output.className = `try-output ${kind}`;
    output.innerHTML = html;
    output.scrollIntoView({ block: "nearest" });
  }

  const isRunning = () => !buttons.stop.hidden;

  function running(yes) {
    if (document.activeElement === buttons.stop) buttons.check.focus();
    buttons.check.setAttribute("aria-disabled", yes);
    buttons.stop.hidden = !yes;
  }

  function report({ loaded, step, ready }) {
    bar.hidden = Boolean(ready);
    if (ready) return say(isRunning() ? "The check runs …" : "Python is ready.");
    if (step) return say(`${step} …`);
    bar.value = loaded / BYTES;
    const [done, all] = [loaded, BYTES].map((bytes) => (bytes / 1e6).toFixed(0));
    say(loaded < 0.99 * BYTES ? `Python loads: ${done} of ${all} MB` : "Python starts …");
  }

  function trouble(error) {
    bar.hidden = true;
    say();
    running(false);
    show("red", `<p>${sentence(error)}</p>`);
  }

  const python = new Python(report);

  async function check() {
    if (isRunning() || !hasWebAssembly()) return;
    const mine = ++run;
    running(true);
    show("");
    if (bar.hidden) say("The check runs …");
    try {
      const answer = await python.ask({ question, given, code: text.value }, SECONDS);
      if (mine !== run) return;
      running(false);
      say();
      show(answer.passed ? "green" : "red", answer.stopped ? `<p>${STOPPED[answer.stopped]}</p>` : told(answer));
    } catch (error) {
      if (mine === run) trouble(error);
    }
  }

  function stop() {
    run++;
    python.stop();
    running(false);
    show("red", `<p>${STOPPED.asked}</p>`);
  }

  function changed() {
    const lines = text.value.split("\n").length;
    numbers.textContent = Array.from({ length: lines }, (_, i) => i + 1).join("\n");
    text.rows = Math.min(lines + 1, 30); // one more, where a bar to scroll sideways may lie
    buttons.reset.disabled = text.value === planted;
  }

  function keep() {
    find(".try-note").hidden = store.write(text.value === planted ? null : text.value);
  }

  function reset() {
    if (!confirm("Start over? Your text is replaced by the one with the mistake.")) return;
    text.value = planted;
    show("");
    changed();
    keep();
    text.focus();
  }

  text.value = store.read() ?? planted;
  find("details pre").textContent = given;
  changed();
  keep();
  text.addEventListener("input", () => {
    changed();
    keep();
    if (output.textContent && !isRunning()) say("Changed since the last check.");
  });
  text.addEventListener("scroll", () => (numbers.scrollTop = text.scrollTop));
  text.addEventListener("beforeinput", indent);
  text.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.shiftKey || event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    check();
  });
  buttons.check.addEventListener("click", check);
  buttons.stop.addEventListener("click", stop);
  buttons.reset.addEventListener("click", reset);
  find("h2").focus({ preventScroll: true });
  root.scrollIntoView({ block: "nearest" });

  if (hasWebAssembly()) python.start().catch(trouble);
  else trouble({ kind: "webAssembly" });
}

/** A new line begins where the one before it does, or four columns further behind a colon. */
function indent(event) {
  if (event.inputType !== "insertLineBreak") return;
  const text = event.target;
  const before = text.value.slice(0, text.selectionStart).split("\n").at(-1);
  const added = `\n${before.match(/^ */)[0]}${/:\s*$/.test(before) ? "    " : ""}`;
  event.preventDefault();
  // The command is old, but what it does can be undone by the reader.
  if (document.execCommand("insertText", false, added)) return;
  text.setRangeText(added, text.selectionStart, text.selectionEnd, "end");
  text.dispatchEvent(new Event("input"));
}

/** What was printed and what the check says, as HTML; the sentence that names the mistake stands out. */
function told({ passed, printed, message, named }) {
  const lines = message.split("\n").map(plain);
  if (passed) lines[0] = lines[0].replace(/^.*?\./, "<strong>$&</strong>");
  else if (named) lines[1] = `<strong>${lines[1]}</strong>`;
  const said = lines.join("\n").replaceAll(/https?:\/\/[^\s<]+/g, (address) => {
    const short = address.startsWith(BOOK.href) ? address.slice(BOOK.href.length) : address;
    return `<a href="${address}" target="_blank" title="Opens in a new tab">${short}</a>`;
  });
  return [
    printed && `<p>Your code printed:</p><pre tabindex="0" aria-label="What your code printed">${plain(printed)}</pre>`,
    `<pre class="try-message">${said}</pre>`,
    passed && `<p>Next: <a href="${BOOK}run.html?open=ps3.ipynb">Write it yourself: problem set 3, here in the browser</a>,
      or <a href="${BOOK}01-the-limits-of-feed-forward-networks.html">read chapter 1</a>.</p>`,
  ]
    .filter(Boolean)
    .join("");
}
