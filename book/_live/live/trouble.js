// What a learner is told when something stands in the way: one sentence each, what, where, and what to do.

export const TROUBLES = {
  lite: 'This copy of the book was built without Python: in the folder of the course, type <code>make site</code>, or solve the set in JupyterLab with <code>make learn</code>; <a href="how-to-use.html">How to use this course</a> says how.',
  webAssembly:
    "This browser has no WebAssembly, which Python needs here: use a current Firefox, Chrome, Edge or Safari, or allow WebAssembly in the settings of this one.",
  storage:
    "This browser keeps nothing for this page, perhaps because its window is a private one: your work is lost when the tab closes, so press “Download my notebook” before.",
  twice:
    "This notebook is open in another tab of this browser, and the two would overwrite each other’s work: go on there, or close that tab, and it opens here.",
  full: "The last change was not saved, perhaps because this browser’s storage is full: press “Download my notebook” now, and close the tab only after that.",
};

/** Return the sentence about a file of the runtime that does not come. */
export function runtimeTrouble(address) {
  const { href, hostname } = new URL(address, location);
  return `Python cannot be loaded, because <code>${href}</code> does not come: look whether this machine reaches ${hostname}, and load the page again; your work is kept.`;
}

/** Return whether this browser can run WebAssembly. */
export function hasWebAssembly() {
  return typeof WebAssembly === "object" && typeof WebAssembly.instantiate === "function";
}

/** Return whether this browser keeps what a page stores in it, in one of the two places that JupyterLite knows. */
export async function hasStorage() {
  const name = "unrolled-probe";
  try {
    await new Promise((done, failed) => {
      const request = indexedDB.open(name);
      request.onsuccess = () => done(request.result.close());
      request.onerror = request.onblocked = failed;
    });
    indexedDB.deleteDatabase(name);
    return true;
  } catch {
    try {
      localStorage.setItem(name, "");
      localStorage.removeItem(name);
      return true;
    } catch {
      return false;
    }
  }
}

/** Return whether a file is there: a server that is reached and says so. */
export async function isThere(address) {
  try {
    return (await fetch(address, { method: "HEAD" })).ok;
  } catch {
    return false;
  }
}

/** Return the files of the runtime, as the configuration of JupyterLite names them. */
export async function runtimeFiles() {
  const configuration = (await (await fetch("lite/jupyter-lite.json")).json())["jupyter-config-data"];
  const { pyodideUrl } = configuration.litePluginSettings["@jupyterlite/pyodide-kernel-extension:kernel"];
  const module = new URL(pyodideUrl, new URL("lite/", location));
  const core = ["pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip"];
  return [...core.map((name) => new URL(name, module).href), new URL("lite/static/runtime/pyodide-lock.json", location).href];
}
