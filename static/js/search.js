// The search box. Without this file it is a form that leads to the search page. Here "/"
// and Ctrl-K open a dialog over the page, arrows go through what it suggests, and the
// number of suggestions is said.
const dialog = document.getElementById("search-dialog");
const input = document.getElementById("search-input");
const suggestions = document.getElementById("suggestions");
const status = document.getElementById("search-status");
const AWAY = "The search does not answer. Press Enter to try the whole page.";

const open = (text = "") => {
  const field = document.getElementById("search-page");
  if (field) {
    field.focus();
    field.select();
    return;
  }
  if (document.querySelector("dialog:modal")) return;
  if (text || !input.value) input.value = text;
  dialog.showModal();
  input.focus();
  if (!text) input.select();
  input.form.dispatchEvent(new Event("opened"));
};

const isTyping = (element) => element.closest("input, textarea, select, [contenteditable]");

const isShortcut = (event) => {
  if (event.altKey || event.isComposing) return false;
  if (event.ctrlKey || event.metaKey) return event.key.toLowerCase() === "k";
  return event.key === "/" && !isTyping(event.target);
};

const links = () => [...suggestions.querySelectorAll("a")];

// From the field down into the links and back; what is typed there goes on in the field.
const move = (event) => {
  const every = links();
  const at = every.indexOf(document.activeElement);
  const to = {
    ArrowDown: Math.min(at + 1, every.length - 1),
    ArrowUp: at - 1,
    Home: 0,
    End: every.length - 1,
  }[event.key];
  const isInField = document.activeElement === input;
  if (to !== undefined && !(isInField && (event.key === "Home" || event.key === "End"))) {
    if (isInField && event.key === "ArrowUp") return;
    event.preventDefault();
    (every[to] ?? input).focus();
    return;
  }
  const isLetter = event.key.length === 1 || event.key === "Backspace";
  if (at >= 0 && isLetter && !event.ctrlKey && !event.metaKey && event.key !== " ") input.focus();
};

const listen = () => {
  document.addEventListener("keydown", (event) => {
    if (!isShortcut(event)) return;
    event.preventDefault();
    open();
  });
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens-search]");
    if (event.target === dialog || event.target.closest("[data-closes-search]")) dialog.close();
    if (!opener || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    open(opener.value);
  });
  // Typed into the box of the header: the dialog takes over.
  document.addEventListener("input", (event) => {
    const box = event.target;
    if (!box.matches("[data-opens-search]")) return;
    open(box.value);
    box.value = "";
  });
  dialog.addEventListener("keydown", move);
  // A link that is focused while newer suggestions arrive stays focused, by its place.
  let focused = -1;
  suggestions.addEventListener("htmx:beforeSwap", () => {
    focused = links().indexOf(document.activeElement);
  });
  suggestions.addEventListener("htmx:afterSwap", () => {
    if (focused >= 0) (links()[focused] ?? input).focus();
    status.textContent = suggestions.querySelector("[data-says]")?.dataset.says ?? "";
  });
  for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
    input.form.addEventListener(name, () => {
      suggestions.replaceChildren();
      status.textContent = AWAY;
      suggestions.textContent = AWAY;
    });
  }
  // What the back button brings back is the page, not the dialog over it.
  window.addEventListener("pagehide", () => dialog.close());
};

if (dialog) listen();
