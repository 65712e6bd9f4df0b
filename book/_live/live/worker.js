// Python in a worker: it loads Pyodide with the lock file of the course, then answers one question after the other.
// It says {loaded: bytes}, {step}, {ready}, {trouble, …} or {answer}; it is asked {question, code, given, seed}.
const lite = new URL("../lite/", import.meta.url);
const SETTINGS = new URL("jupyter-lite.json", lite).href;
const KERNEL = "@jupyterlite/pyodide-kernel-extension:kernel";

class Missing extends Error {
  constructor(address, kind = "file") {
    super(`${address} does not come`);
    Object.assign(this, { kind, address: String(address) });
  }
}

const plainFetch = self.fetch;
let loaded = 0;

/** Fetch a file and count its bytes. Our own server is asked whether it has changed: names stay, files do not. */
async function counted(address, options = {}) {
  const ours = String(address).startsWith(location.origin);
  const response = await plainFetch(address, ours ? { ...options, cache: "no-cache" } : options).catch(() => null);
  if (!response?.ok) throw new Missing(address, response?.status === 404 && address === SETTINGS ? "lite" : "file");
  const counter = new TransformStream({
    transform(piece, out) {
      loaded += piece.length;
      out.enqueue(piece);
    },
  });
  return new Response(response.body.pipeThrough(counter), response);
}

async function start() {
  const { litePluginSettings } = (await (await counted(SETTINGS)).json())["jupyter-config-data"];
  const pyodideUrl = new URL(litePluginSettings[KERNEL].pyodideUrl, lite).href;
  loaded = 0;
  const clock = setInterval(() => postMessage({ loaded }), 100);
  // What Pyodide makes of a file that does not come depends on the file: it throws, goes on, or waits for ever.
  const broken = new Promise((_, reject) => {
    self.fetch = (...request) =>
      counted(...request).catch((missing) => {
        reject(missing);
        throw missing;
      });
  });
  try {
    return await Promise.race([broken, load(pyodideUrl)]);
  } finally {
    clearInterval(clock);
    self.fetch = plainFetch;
  }
}

async function load(pyodideUrl) {
  let python;
  try {
    const { loadPyodide } = await import(pyodideUrl);
    const lockFileURL = new URL("static/runtime/pyodide-lock.json", lite).href;
    python = await loadPyodide({ lockFileURL, packages: ["numpy", "unrolled-course"] });
  } catch (error) {
    // An import does not say why it failed. A fetch does.
    for (const name of ["pyodide.mjs", "pyodide.asm.mjs"]) await self.fetch(new URL(name, pyodideUrl));
    throw error;
  }
  postMessage({ step: "NumPy and the checks start" });
  return python.pyimport("autograder.on_page").answer;
}

try {
  const answer = await start();
  self.onmessage = ({ data: { question, code, given = "", seed } }) => {
    try {
      postMessage({ answer: JSON.parse(answer(question, code, given, seed)) });
    } catch (error) {
      postMessage({ trouble: "crash", message: String(error.message).trim().split("\n").at(-1) });
    }
  };
  postMessage({ ready: true });
} catch (error) {
  postMessage({ trouble: error.kind ?? "start", address: error.address, message: error.message });
}
