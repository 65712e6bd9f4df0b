// What the widgets share. A widget's script adds a function of its name to window.unrolledWidgets; when the page is
// read, that function is called with each <figure data-widget="name">. Pages without one are left alone.
(() => {
  const widgets = (window.unrolledWidgets ??= {});
  const raised = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };

  const tools = {
    /** A number with a fixed number of decimals, a true minus sign and no negative zero. */
    fixed(value, decimals = 2) {
      const text = value.toFixed(decimals);
      return Number(text) === 0 ? (0).toFixed(decimals) : text.replace("-", "−");
    },

    /** A positive number with two digits that count, 0.031 or 4.2 × 10⁻⁷. */
    short(value) {
      const two = Number(value.toPrecision(2));
      if (two === 0 || (two >= 0.001 && two < 1000)) return String(two);
      const [mantissa, exponent] = value.toExponential(1).split("e");
      return `${mantissa} × ${tools.power(Number(exponent))}`;
    },

    /** A power of ten as text. */
    power: (exponent) => `10${[...String(exponent)].map((digit) => raised[digit]).join("")}`,

    /** A small number written as an index. */
    index: (number) => [...String(number)].map((digit) => "₀₁₂₃₄₅₆₇₈₉"[digit]).join(""),

    /** The values of all sliders of a widget, by name. */
    values(root) {
      const sliders = [...root.querySelectorAll("input[type=range]")];
      return Object.fromEntries(sliders.map((slider) => [slider.name, slider.valueAsNumber]));
    },

    /** Move a slider as if the reader had. */
    move(input, value) {
      input.value = value;
      input.dispatchEvent(new Event("input", { bubbles: true }));
    },

    /** Arrow keys, Home and End move a slider from anywhere in the widget where they mean nothing else. */
    keys(root, slider) {
      const right = getComputedStyle(slider).direction === "rtl" ? -1 : 1;
      root.addEventListener("keydown", (event) => {
        if (event.target.matches("input") || event.altKey || event.ctrlKey || event.metaKey) return;
        const at = slider.valueAsNumber;
        const ends = { Home: Number(slider.min), End: Number(slider.max) };
        const target = { ArrowRight: at + right, ArrowLeft: at - right, ...ends }[event.key];
        if (target === undefined) return;
        event.preventDefault();
        tools.move(slider, target);
      });
    },

    /** A finger or the mouse drags a slider along the drawing; `nearest` says which of its places a point in it means. */
    follow(root, slider, nearest) {
      const svg = root.querySelector("svg");
      const go = (event) => {
        const box = svg.getBoundingClientRect();
        const x = ((event.clientX - box.left) * svg.viewBox.baseVal.width) / box.width;
        const place = Math.round(nearest(x));
        tools.move(slider, Math.min(Number(slider.max), Math.max(Number(slider.min), place)));
      };
      svg.addEventListener("pointerdown", (event) => {
        svg.setPointerCapture(event.pointerId);
        go(event);
      });
      svg.addEventListener("pointermove", (event) => event.buttons && go(event));
    },

    /** A button that walks a slider from one end to the other, at once where the reader wants no motion. */
    play(button, slider, from, to, pause) {
      let timer = 0;
      const stop = () => {
        clearInterval(timer);
        timer = 0;
        button.textContent = button.dataset.play;
      };
      button.dataset.play = button.textContent;
      button.addEventListener("click", () => {
        if (timer) return stop();
        if (matchMedia("(prefers-reduced-motion: reduce)").matches) return tools.move(slider, to);
        tools.move(slider, from);
        button.textContent = "Stop";
        timer = setInterval(() => {
          tools.move(slider, slider.valueAsNumber + Math.sign(to - from));
          if (slider.valueAsNumber === to) stop();
        }, pause);
      });
      // Whatever else the reader touches ends it.
      for (const kind of ["pointerdown", "keydown"]) {
        button.closest("figure").addEventListener(kind, (event) => timer && event.target !== button && stop());
      }
    },

    /** A button that puts every slider back to where the page had it. */
    reset(button, root, also = () => {}) {
      button.addEventListener("click", () => {
        also();
        for (const slider of root.querySelectorAll("input[type=range]")) tools.move(slider, slider.defaultValue);
      });
    },
  };

  function start() {
    for (const root of document.querySelectorAll("figure[data-widget]")) {
      widgets[root.dataset.widget]?.(root, tools);
      for (const hidden of root.querySelectorAll("[hidden]")) hidden.hidden = false;
    }
  }

  if (document.readyState === "complete") start();
  else document.addEventListener("DOMContentLoaded", start);
})();
