// Python in a worker: it loads Pyodide with the lock file of the course, then answers one question after the other.
// It says {loaded: bytes}, {step}, {ready}, {trouble, …} or {answer}; it is asked {question, code, given, seed}.
const lite = new URL("../lite/", import.meta.url);
const KERNEL = "@jupyterlite/pyodide-kernel-extension:kernel";

class Trouble extends Error {
  constructor(kind, address) {
    super(kind);
    Object.assign(this, { kind, address: String(address) });
  }
}

const plainFetch = self.fetch;
let loaded = 0;

/** Fetch a file and count its bytes. What our own server has is asked whether it has changed: names stay, files do not. */
async function counted(address, options = {}) {
  const ours = String(address).startsWith(location.origin);
  const response = await plainFetch(address, ours ? { ...options, cache: "no-cache" } : options).catch(() => {
    throw new Trouble("network", address);
  });
  if (!response.ok) throw new Trouble(response.status === 404 ? "missing" : "network", address);
  const counter = new TransformStream({
    transform(piece, out) {
      loaded += piece.length;
      out.enqueue(piece);
    },
  });
  return new Response(response.body.pipeThrough(counter), response);
}

async function start() {
  const settings = await counted(new URL("jupyter-lite.json", lite)).catch((trouble) => {
    throw trouble.kind === "missing" ? new Trouble("not built", lite) : trouble;
  });
  const { litePluginSettings } = (await settings.json())["jupyter-config-data"];
  const pyodideUrl = new URL(litePluginSettings[KERNEL].pyodideUrl, lite).href;
  loaded = 0;
  const clock = setInterval(() => postMessage({ loaded }), 100);
  // What Pyodide makes of a file that does not come depends on the file: it throws, goes on, or waits for ever.
  const broken = new Promise((_, reject) => {
    self.fetch = (...request) =>
      counted(...request).catch((trouble) => {
        reject(trouble);
        throw trouble;
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
  const { loadPyodide } = await import(pyodideUrl).catch(async (error) => {
    await self.fetch(pyodideUrl); // an import does not say why it failed, a fetch does
    throw error;
  });
  const lockFileURL = new URL("static/runtime/pyodide-lock.json", lite).href;
  const python = await loadPyodide({ lockFileURL, packages: ["numpy", "unrolled-course"] });
  postMessage({ step: "NumPy and the checks start" });
  return python.pyimport("autograder.on_page").answer;
}

try {
  const answer = await start();
  self.onmessage = ({ data: { question, code, given = "", seed = null } }) => {
    try {
      postMessage({ answer: JSON.parse(answer(question, code, given, seed ?? undefined)) });
    } catch (error) {
      postMessage({ trouble: "crash", message: String(error.message).trim().split("\n").at(-1) });
    }
  };
  postMessage({ ready: true });
} catch (error) {
  postMessage({ trouble: error.kind ?? "start", address: error.address, message: error.message });
}
