// The meaning of a term on hover, focus and touch. The notes stand at the end of the page; see book/_ext/glossary_notes.py.
// WCAG 1.4.13: Escape dismisses a note, the pointer may rest on it, and it stays until pointer and focus have left.
window.addEventListener("DOMContentLoaded", () => {
  const margin = 8; // CSS pixels between a note and the edge of the window
  const patience = 250; // milliseconds that a pointer has to move from the term to its note
  let open = null; // { link, note }
  let leaving = 0;

  function hide() {
    clearTimeout(leaving);
    open?.note.classList.remove("shown");
    open = null;
  }

  function leave() {
    clearTimeout(leaving);
    leaving = setTimeout(() => {
      if (document.activeElement !== open?.link) hide();
    }, patience);
  }

  function show(link) {
    clearTimeout(leaving);
    if (open?.link === link) return;
    hide();
    const note = document.getElementById(link.getAttribute("aria-describedby"));
    document.body.append(note);
    note.classList.add("shown");
    // Below the line of the term, or above it where there is no room; never beyond the edges.
    const [line] = link.getClientRects();
    const { width, height } = note.getBoundingClientRect();
    const edge = document.documentElement.clientWidth - margin;
    const left = Math.max(margin, Math.min(line.left, edge - width));
    const below = line.bottom + height + margin < window.innerHeight || line.top < height + margin;
    note.style.left = `${left + window.scrollX}px`;
    note.style.top = `${(below ? line.bottom + 2 : line.top - height - 2) + window.scrollY}px`;
    open = { link, note };
  }

  for (const link of document.querySelectorAll('a[aria-describedby^="note-"]')) {
    let opens = false; // whether this touch opens the note instead of following the link
    link.addEventListener("pointerenter", (event) => event.pointerType === "mouse" && show(link));
    link.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && leave());
    link.addEventListener("pointerdown", (event) => {
      opens = event.pointerType === "touch" && open?.link !== link;
    });
    link.addEventListener("click", (event) => {
      if (!opens) return;
      opens = false;
      event.preventDefault();
      show(link);
    });
    link.addEventListener("focus", () => show(link));
    link.addEventListener("blur", leave);
  }
  for (const note of document.querySelectorAll(".glossary-note")) {
    note.addEventListener("pointerenter", () => clearTimeout(leaving));
    note.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && leave());
  }
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
  document.addEventListener("pointerdown", (event) => {
    if (open && !open.note.contains(event.target) && !open.link.contains(event.target)) hide();
  });
});
