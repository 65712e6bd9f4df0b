// The page that puts a notebook of the course into the browser. JupyterLite runs in the frame; the bar drives it through
// `jupyterapp`, which it exposes. What a learner writes lies in this browser's storage, under the notebook's path.
import { TROUBLES, hasStorage, hasWebAssembly, isThere, runtimeFiles, runtimeTrouble } from "./trouble.js";

const PATH = /^(?:folklore\/|uses\/)?[a-z0-9][a-z0-9-]*\.ipynb$/;
const SLOW_START = 4000; // milliseconds without Python, after which its files are looked for
const LATE = 60_000;
const LONG_CELL = 20_000;
const STILL_LOADING = "Python is still loading, which takes minutes on a slow line. If it never ends, load the page again; your work is kept.";
const STILL_RUNNING = "The cell is still running. If it never ends, press Restart Python; your work stays.";
const BEGIN = "Go from top to bottom: choose a cell, and ▶ or Shift-Enter runs it.";
const TRAINS = "A cell that trains takes minutes here; what it gave on a desk stands below it.";
// Any Jupyter has a kernel of this name; JupyterLite writes its own into the notebook.
const KERNEL = { display_name: "Python 3 (ipykernel)", language: "python", name: "python3" };

const $ = (id) => document.getElementById(id);
const frame = $("notebook");
const path = new URLSearchParams(location.search).get("open") ?? "";
const theme = document.documentElement.dataset.theme;

const page = path.replace(/\.ipynb$/, ".html").replace(/^(?=ps\d)/, "problem-sets/");
const rescue = `unrolled:unsaved:${new URL(".", location).pathname}${path}`;

let python = "";
let saved = /^ps\d/.test(path) ? BEGIN : TRAINS;
let keeps = true; // this browser, what a page stores in it
let ready = false;
let restarting = false;
let late = 0; // a timer

/** Return when a condition holds; it is asked ten times a second. */
async function until(condition) {
  for (;;) {
    const value = condition();
    if (value) return value;
    await new Promise((done) => setTimeout(done, 100));
  }
}

/** Write the line of status: how Python is, and when the work was saved. */
function say() {
  const text = [python, saved].filter(Boolean).join(" ");
  if ($("status").textContent !== text) $("status").textContent = text; // else a screen reader would read it again
}

/** Show a sentence above the notebook, once; return what takes it away. */
function show(sentence) {
  const box = document.createElement("p");
  box.className = "trouble";
  box.innerHTML = sentence;
  $("troubles").append(box);
  return () => box.remove();
}

/** Show a sentence in place of the notebook. */
function stop(sentence) {
  show(sentence);
  $("progress").hidden = true;
}

async function start() {
  if (!PATH.test(path)) {
    stop('This address names no notebook of the course: choose one in <a href="index.html">the book</a> and press its button.');
    return;
  }
  $("back").href = page;
  $("name").textContent = path;
  if (!hasWebAssembly()) return stop(TROUBLES.webAssembly);
  if (!(await isThere("lite/jupyter-lite.json"))) return stop(TROUBLES.lite);
  if (!(await isThere(`lite/files/${path}`))) {
    $("back").href = "index.html";
    return stop(`The course has no notebook <code>${path}</code>: choose one in <a href="index.html">the book</a>.`);
  }
  keeps = await hasStorage();
  if (!keeps) show(TROUBLES.storage);
  else await alone();
  await open();
}

/** Wait until no other tab has this notebook open, and hold it until this page is left. */
async function alone() {
  // A browser that goes back may show the page as it was left, which holds the notebook no more.
  addEventListener("pageshow", (event) => event.persisted && location.reload());
  let away = () => {};
  const waiting = setTimeout(() => {
    away = show(TROUBLES.twice);
    $("status").textContent = "Waiting for the other tab.";
  }, 1000); // when a page is loaded again, the one before lets go a moment later
  await new Promise((go) => {
    const left = new Promise((done) => addEventListener("pagehide", done));
    const hold = () => (go(), left);
    (navigator.locks?.request(rescue, hold) ?? Promise.reject()).catch(go); // a browser that has no locks, or denies them
  });
  clearTimeout(waiting);
  away();
}

async function open() {
  tell("Opening the notebook …", LATE, STILL_LOADING);
  frame.src = `lite/notebooks/index.html?${new URLSearchParams({ path })}`;
  frame.hidden = false;
  const inside = frame.contentWindow;
  await until(() => inside.location.href !== "about:blank");
  // A page that is left with changes keeps them itself, below, so that nobody has to be asked.
  inside.addEventListener("beforeunload", (event) => event.stopImmediatePropagation(), { capture: true });

  const app = await until(() => inside.jupyterapp);
  await app.started;
  const panel = await until(() => app.shell.currentWidget?.context && app.shell.currentWidget);
  await panel.context.ready;
  const dark = theme === "dark" ? "Dark" : "Light";
  await app.commands.execute("apputils:change-theme", { theme: `JupyterLab ${dark}` });
  makeRoom(app.shell);
  dress(inside.document);
  frame.classList.add("dressed");
  if (document.activeElement === frame) $("bar").focus(); // the first Tab then leads to what the keys do
  nameIt(panel.content.model);
  saveInTurn(panel.context);
  watchSaving(panel.context);
  await bringBack(panel.context);
  watchKeys(inside, panel);
  connectBar(app, panel);
  watchPython(panel);
}

/** On a telephone the menus of JupyterLite make room for the cells; its toolbar stays. */
function makeRoom(shell) {
  const narrow = matchMedia("(width < 700px)");
  const follow = () => shell.menu.setHidden(narrow.matches);
  narrow.addEventListener("change", follow);
  follow();
}

/** Formulas are known by their labels, not by numbers, and show all of their height. */
function dress(page) {
  const style = page.createElement("style");
  style.textContent = ".myst .flex.my-5 > :not(.flex-grow) { display: none } .myst .flex.my-5 > .flex-grow { padding-block: 0.6em }";
  page.head.append(style);
}

/** Call the page after the first heading of the notebook. */
function nameIt(model) {
  const first = [...model.cells].map((cell) => cell.sharedModel.getSource()).find((text) => /^# /m.test(text));
  const heading = first?.match(/^# (.+)$/m)[1].replace(/[`*$]/g, "");
  if (!heading) return;
  $("name").textContent = heading;
  $("name").title = heading;
  document.title = `${heading} · Unrolled`;
}

// ---------------------------------------------------------------------------------------------------------- the work

function kept(action) {
  try {
    return action(localStorage);
  } catch {
    return null; // this browser stores nothing
  }
}

/** Bring back what the page kept when it was left before the notebook was saved. */
async function bringBack(context) {
  const text = kept((storage) => storage.getItem(rescue));
  if (!text) return;
  context.model.fromJSON(JSON.parse(text));
  await context.save();
}

/** Let a save begin when the one before has ended: JupyterLite would take a slow one for a change by somebody else. */
function saveInTurn(context) {
  const save = context.save.bind(context);
  let last = Promise.resolve();
  context.save = () => (last = last.catch(() => {}).then(save));
}

function watchSaving(context) {
  let failing = null;
  context.saveState.connect((_, state) => {
    if (state === "completed") {
      kept((storage) => storage.removeItem(rescue));
      failing?.();
      failing = null;
      if (keeps) saved = `Saved in this browser at ${new Date().toTimeString().slice(0, 5)}.`;
      say();
    } else if (state === "failed") failing ??= show(TROUBLES.full);
  });
  const leave = () => {
    if (!context.model.dirty) return;
    // Saving goes on after the page is gone, or it does not; this one is done when it returns.
    kept((storage) => storage.setItem(rescue, JSON.stringify(context.model.toJSON())));
    context.save();
  };
  addEventListener("pagehide", leave);
  document.addEventListener("visibilitychange", () => document.hidden && leave());
}

function connectBar(app, panel) {
  const { context, sessionContext } = panel;
  const file = path.split("/").at(-1);

  $("download").onclick = async () => {
    await context.save().catch(() => {}); // what was not saved is in the file all the same
    const notebook = context.model.toJSON();
    notebook.metadata.kernelspec = KERNEL;
    const link = document.createElement("a");
    const type = "application/x-ipynb+json";
    link.href = URL.createObjectURL(new Blob([JSON.stringify(notebook, null, 1), "\n"], { type }));
    link.download = file;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  };

  $("restart").onclick = () => restart(sessionContext);

  $("ask-text").textContent = `What you wrote in ${file} is removed from this browser, and the notebook is opened as the course hands it out. A downloaded copy stays.`;
  $("start-over").onclick = () => $("ask").showModal();
  $("ask").onclose = async () => {
    if ($("ask").returnValue !== "start-over") return;
    await context.save().catch(() => {}); // so that no autosave comes between
    await app.serviceManager.contents.delete(path).catch(() => {});
    kept((storage) => storage.removeItem(rescue));
    saved = "";
    await context.revert();
    await restart(sessionContext);
  };
  $("ask").oncancel = () => ($("ask").returnValue = "keep");

  for (const id of ["download", "restart", "start-over", "enter"]) $(id).disabled = false;
}

// -------------------------------------------------------------------------------------------------------------- Python

/** Say how Python is, and something else if it is still so after a while. */
function tell(text, milliseconds = 0, then = "") {
  clearTimeout(late);
  if (then) late = setTimeout(tell, milliseconds, then);
  python = text;
  $("progress").hidden = ready;
  say();
}

async function restart(sessionContext) {
  ready = false;
  restarting = true;
  tell("Restarting Python …", LATE, STILL_LOADING);
  await sessionContext.restartKernel();
  // The kernel calls itself idle before Python is loaded again; what runs in it does not lie.
  await sessionContext.session.kernel.requestExecute({ code: "pass", silent: true, store_history: false }).done;
  restarting = false;
  ready = true;
  tell("Python is ready.");
}

function watchPython({ sessionContext }) {
  tell("Loading Python …", LATE, STILL_LOADING);
  const follow = () => {
    if (restarting) return;
    const status = sessionContext.session?.kernel?.status;
    if (status === "idle") {
      ready = true;
      tell("Python is ready.");
    } else if (status === "busy" && ready) tell("Running …", LONG_CELL, STILL_RUNNING);
  };
  sessionContext.statusChanged.connect(follow);
  follow();
  setTimeout(lookForPython, SLOW_START);
}

/** Say which file of Python does not come, if one does not. */
async function lookForPython() {
  if (ready) return;
  const files = await runtimeFiles();
  const there = await Promise.all(files.map(isThere));
  const missing = files.find((_, index) => !there[index]);
  if (!missing || ready) return;
  const away = show(runtimeTrouble(missing));
  tell("Python is not loaded.");
  $("progress").hidden = true;
  await until(() => ready); // the service worker may have kept the file
  away();
}

// ---------------------------------------------------------------------------------------------------------------- keys

/** Let the keyboard into the notebook, and out of it: Escape leaves a cell, Escape once more the notebook. */
function watchKeys(inside, panel) {
  $("enter").onclick = () => {
    frame.focus();
    panel.activate();
    panel.content.activate();
  };
  inside.document.addEventListener(
    "keydown",
    (event) => {
      const busy = inside.document.querySelector(".jp-Dialog, .jp-Completer:not(.lm-mod-hidden), .lm-Menu");
      if (event.key !== "Escape" || busy || panel.content.mode === "edit") return;
      if (event.target.closest(".cm-editor, input, textarea")) return;
      event.stopImmediatePropagation(); // the notebook would take the focus back
      $("enter").focus();
    },
    { capture: true },
  );
}

if (location.protocol !== "file:") start();
