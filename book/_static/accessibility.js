// What the theme and docutils leave out for those who read with the keyboard or a screen reader.
window.addEventListener("load", async () => {
  // The button that unfolds a chapter in the table of contents has an icon but no name.
  for (const summary of document.querySelectorAll(".bd-sidebar-primary summary")) {
    const chapter = summary.closest("li")?.querySelector("a")?.textContent.trim();
    summary.setAttribute("aria-label", `Pages below “${chapter}”`);
  }
  // The list of references gets the role of a list, without a single list item in it.
  for (const element of document.querySelectorAll(".citation-list, .citation-list > .citation")) {
    element.removeAttribute("role");
  }
  // An equation wider than the page scrolls in its own box, which must be reachable to be scrolled by keys.
  await window.MathJax?.startup?.promise;
  for (const box of document.querySelectorAll('div.math, mjx-container[display="true"]')) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
  }
});

// The one menu of a page, for downloads. The theme brings 80 kB of Bootstrap for it, and for labels that the browser
// shows by itself; book/_ext/finish.py leaves them out.
window.addEventListener("DOMContentLoaded", () => {
  for (const button of document.querySelectorAll('[data-bs-toggle="dropdown"]')) {
    const menu = button.nextElementSibling;
    const open = (isOpen) => {
      menu.classList.toggle("show", isOpen);
      button.setAttribute("aria-expanded", isOpen);
    };
    button.addEventListener("click", () => open(!menu.classList.contains("show")));
    button.parentElement.addEventListener("focusout", (event) => {
      if (!button.parentElement.contains(event.relatedTarget)) open(false);
    });
    button.parentElement.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !menu.classList.contains("show")) return;
      open(false);
      button.focus();
    });
  }
});

// Paper is white, and does not scroll: for as long as a page is printed its theme is light, and an equation or a table
// that is wider than the column is set smaller. (A telephone's column is narrower than that of its paper.)
const wide = 'mjx-container[display="true"], .bd-article table';
let themeOnScreen = null;
window.addEventListener("beforeprint", () => {
  const { dataset } = document.documentElement;
  themeOnScreen ??= dataset.theme;
  dataset.theme = "light";
  for (const box of document.querySelectorAll(wide)) {
    const inside = box.matches("table") ? box : box.firstElementChild;
    const room = (box.matches("table") ? box.parentElement : box).clientWidth;
    if (inside && inside.scrollWidth > room) box.style.zoom = room / inside.scrollWidth;
  }
});
window.addEventListener("afterprint", () => {
  document.documentElement.dataset.theme = themeOnScreen;
  themeOnScreen = null;
  for (const box of document.querySelectorAll(wide)) box.style.zoom = "";
});
