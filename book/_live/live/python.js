// A Python that answers questions: a worker that can be stopped, and is then replaced by a new one.

/** What stands in the way of an answer: its kind, the file that did not come, or what the browser said. */
export class Trouble extends Error {
  constructor({ trouble, address = "", message = "" }) {
    super(message);
    Object.assign(this, { kind: trouble, address });
  }
}

export class Python {
  #worker = null;
  #end = () => {};

  /** `report({loaded, step, ready})` is told how far it is. */
  constructor(report = () => {}) {
    this.report = report;
  }

  /** Begin to load, if it has not begun; the promise is kept when Python is ready. */
  start() {
    this.#worker ??= this.#begin();
    return this.ready;
  }

  #begin() {
    const worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
    this.ready = new Promise((resolve, reject) => {
      const fail = (trouble) => {
        this.#drop();
        reject(new Trouble(trouble));
      };
      worker.onmessage = ({ data }) => {
        if (data.trouble) return fail(data);
        this.report(data);
        if (data.ready) resolve();
      };
      worker.onerror = (event) => fail({ trouble: "start", message: event.message ?? "worker.js does not run" });
    });
    this.ready.catch(() => {}); // whoever waits is told
    return worker;
  }

  #drop() {
    this.#worker?.terminate();
    this.#worker = null;
  }

  /** Ask a question of a text. After so many seconds the answer is `{stopped: "late"}`, and a new Python starts. */
  async ask(request, seconds) {
    await this.start();
    return new Promise((resolve, reject) => {
      const worker = this.#worker;
      const clock = setTimeout(() => this.stop("late"), 1000 * seconds);
      this.#end = (answer) => {
        clearTimeout(clock);
        this.#end = () => {};
        resolve(answer);
      };
      worker.onmessage = ({ data }) => {
        if (data.answer) return this.#end(data.answer);
        clearTimeout(clock);
        this.#drop();
        reject(new Trouble(data));
      };
      worker.postMessage(request);
    });
  }

  /** Stop what runs, and start anew. */
  stop(why = "asked") {
    this.#drop();
    this.#end({ stopped: why });
    this.start();
  }
}
