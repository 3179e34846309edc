// The pages work without this file. It adds: copying, the theme button, closing of open
// menus, sentences for failed requests, focus after a refused form,
// announcements of a job's stages, quiet checks while typing, no polling while the tab is
// hidden, what a reader opened stays open when its part is swapped, a document opens
// beside its list where there is room, and one tick ticks all rows of a list.
const root = document.documentElement;

const announce = (sentence) => {
  document.getElementById("announce").textContent = sentence;
};

// 1. Copy buttons ---------------------------------------------------------------------
const copy = async (button) => {
  const icon = button.querySelector("use");
  const plain = icon.getAttribute("href");
  // A long text is taken from the part that shows it, so that it is there once.
  const { copyFrom, copyUrl } = button.dataset;
  let text = button.dataset.copy ?? document.getElementById(copyFrom)?.textContent;
  try {
    if (copyUrl) {
      const answer = await fetch(copyUrl).catch(() => null);
      if (!answer?.ok || answer.redirected) {
        announce("The text could not be read. Load the page again and sign in if asked.");
        return;
      }
      text = await answer.text();
    }
    await navigator.clipboard.writeText(text);
  } catch {
    announce("The browser does not let this page copy. Select the text instead.");
    return;
  }
  icon.setAttribute("href", plain.replace("#copy", "#check"));
  announce(`Copied ${button.dataset.copied ?? text}`);
  setTimeout(() => icon.setAttribute("href", plain), 2000);
};

// What is shown once is gone before the page can be kept for the back button.
window.addEventListener("pagehide", () => {
  for (const secret of document.querySelectorAll("[data-once]")) secret.remove();
});

// 2. Theme: shown at once, remembered by the server -----------------------------------
const isDark = () => {
  const chosen = root.dataset.bsTheme;
  if (chosen) return chosen === "dark";
  return window.matchMedia("(prefers-color-scheme: dark)").matches;
};

const changeTheme = (form, submitter) => {
  const data = new FormData(form);
  const chosen = submitter?.value ?? "toggle";
  const theme = chosen === "toggle" ? (isDark() ? "light" : "dark") : chosen;
  if (theme === "system") delete root.dataset.bsTheme;
  else root.dataset.bsTheme = theme;
  data.set("theme", theme);
  fetch(form.action, { method: "POST", body: data });
  document.querySelectorAll("[data-theme-form] [aria-pressed]").forEach((button) => {
    button.setAttribute("aria-pressed", String(button.value === theme));
  });
  announce(`Theme: ${theme}`);
};

document.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-theme-form]");
  if (!form) return;
  event.preventDefault();
  changeTheme(form, event.submitter);
});

// 3. Menus and keys -------------------------------------------------------------------
const openMenus = () => document.querySelectorAll("details.menu[open]");

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy], [data-copy-from], [data-copy-url]");
  if (button) copy(button);
  for (const menu of openMenus()) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    for (const menu of openMenus()) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  }
});

// A choice on which other fields of its form depend is sent, to see those that fit.
document.addEventListener("change", (event) => {
  document.getElementById(event.target.dataset.edits)?.click();
});

// What was typed while the fitting choices were on their way is put into the new form.
let typed = [];

document.addEventListener("htmx:beforeSwap", (event) => {
  const isEdit = event.detail.pathInfo?.finalRequestPath?.includes("edit=1");
  const fields = isEdit ? event.detail.target.querySelectorAll("input[name=v]") : [];
  typed = [...fields].map((field) => [field.id, field.value]);
});

document.addEventListener("htmx:afterSwap", () => {
  for (const [id, value] of typed) {
    const field = document.getElementById(id);
    if (field?.matches("input")) field.value = value;
  }
  typed = [];
});

const showTab = () => {
  document.querySelector(".tabs [aria-current]")?.scrollIntoView({
    block: "nearest",
    inline: "center",
  });
};
showTab();

// What is counted down stays true while the page is open.
const UNITS = [
  ["d", 86400],
  ["h", 3600],
  ["min", 60],
  ["s", 1],
];

const lasting = (seconds) => {
  const first = UNITS.findIndex(([, size]) => seconds >= size);
  if (first < 0) return "under 1\u00a0s";
  let left = Math.floor(seconds);
  const parts = UNITS.slice(first).map(([unit, size]) => {
    const count = Math.floor(left / size);
    left -= count * size;
    return [count, unit];
  });
  const shown = parts.slice(0, 2).filter(([count]) => count);
  return shown.map(([count, unit]) => `${count}\u00a0${unit}`).join(" ");
};

setInterval(() => {
  for (const time of document.querySelectorAll("[data-until]")) {
    time.textContent = lasting((Date.parse(time.dateTime) - Date.now()) / 1000);
  }
}, 5000);

// 4. What the server says when it refuses, or does not answer ---------------------------
const pathOf = (detail) => detail.requestConfig?.path?.split("?")[0] ?? "";

const tell = (sentence, detail) => {
  const note = document.getElementById("note-template").content.cloneNode(true);
  note.querySelector("[data-sentence]").textContent = sentence;
  note.firstElementChild.dataset.failed = pathOf(detail);
  document.getElementById("messages").replaceChildren(note);
};

const sentenceOf = (xhr) => {
  const body = new DOMParser().parseFromString(xhr.responseText, "text/html");
  const found = body.querySelector("[data-sentence]")?.textContent.trim();
  return found || `The server answered ${xhr.status}. Nothing on this page was changed.`;
};

// What only judges the input as it is typed says nothing when it fails, and does not
// lead away to the sign-in: the form itself will.
document.addEventListener("htmx:beforeOnLoad", (event) => {
  const { elt, xhr } = event.detail;
  if (elt.matches("[data-quiet]") && xhr.status !== 200) event.preventDefault();
});

// The browser's Back leads to a form as it was sent: its address then names the plan
// that has kept the input.
document.addEventListener("htmx:beforeOnLoad", (event) => {
  const address = event.detail.xhr.getResponseHeader("X-Form-Address");
  if (address) history.replaceState(history.state, "", address);
});

document.addEventListener("htmx:responseError", (event) => {
  // Signed in again meanwhile: the forms of this page take the new token.
  const token = event.detail.xhr.getResponseHeader("X-CSRF-Token");
  if (token) {
    for (const field of document.querySelectorAll("input[name=csrfmiddlewaretoken]")) {
      field.value = token;
    }
    document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": token }));
  }
  const isForm = event.detail.requestConfig?.verb === "post";
  tell(sentenceOf(event.detail.xhr) + (isForm ? " Your input is kept." : ""), event.detail);
});

for (const name of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, (event) => {
    if (event.detail.elt?.matches("[data-quiet]")) return;
    tell(
      "The server did not answer. What you see is from before; it is tried again.",
      event.detail,
    );
  });
}

// A part that renews itself says since when it has no answer, until one comes.
const asked = (event) => event.detail.elt?.querySelector?.("[data-asked]");

document.addEventListener("htmx:beforeRequest", (event) => {
  const part = asked(event);
  if (part) part.dataset.sent = new Date().toISOString().slice(11, 19);
});

for (const name of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, (event) => {
    const part = asked(event);
    if (!part || part.dataset.asked) return;
    part.dataset.asked = part.textContent;
    part.textContent = `, no answer since ${part.dataset.sent} UTC`;
    part.classList.add("s-warn", "st");
  });
}

document.addEventListener("htmx:afterOnLoad", (event) => {
  const part = asked(event);
  if (!part?.dataset.asked || event.detail.xhr.status >= 400) return;
  part.textContent = part.dataset.asked;
  part.dataset.asked = "";
  part.classList.remove("s-warn", "st");
});

// The note goes once the same address has answered.
document.addEventListener("htmx:afterOnLoad", (event) => {
  if (event.detail.xhr.status >= 400) return;
  const note = document.querySelector("#messages [data-failed]");
  if (note?.dataset.failed === pathOf(event.detail)) note.remove();
});

// 5. After a swap: the first fault or the new title gets the focus, the selected tab is
// in view, a new stage is announced ------------------------------------------------------
let announced = document.querySelector("[data-announce]")?.dataset.announce;

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id === "change") {
    const first = event.target.querySelector("[aria-invalid=true]");
    (first ?? event.target.querySelector("[data-focus]"))?.focus();
    showTab();
  }
  const stage = document.querySelector("[data-announce]")?.dataset.announce;
  if (stage && stage !== announced) announce(stage);
  announced = stage;
});

// A notice of an ended job is read out when a poll brings it, and never takes the focus.
// A dismissed one takes its button along: then the focus goes to the next one.
document.addEventListener("htmx:oobAfterSwap", (event) => {
  const said = document.getElementById("job-notices")?.dataset.said;
  if (event.detail.target?.id === "job-notices" && said) announce(said);
});

document.addEventListener("htmx:afterSettle", (event) => {
  const isDismissal = event.detail.requestConfig?.verb === "post";
  if (event.target.id !== "job-notices" || !isDismissal) return;
  if (document.activeElement !== document.body) return;
  (event.target.querySelector("a") ?? document.getElementById("main"))?.focus();
});

// 6. A hidden tab asks nothing; it asks at once when it is looked at again ---------------
const polls = (element) => element?.getAttribute("hx-trigger")?.startsWith("every");

document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && polls(event.detail.elt)) event.preventDefault();
});

document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  for (const element of document.querySelectorAll("[hx-trigger^=every]")) {
    window.htmx?.ajax("GET", element.getAttribute("hx-get"), {
      source: element,
      target: element,
      swap: "outerHTML",
    });
  }
});

// What a page asks without its reader is no activity: it does not keep a session alive.
const AUTOMATIC = /^(every|moved|load)/;

document.addEventListener("htmx:configRequest", (event) => {
  const { elt, headers, triggeringEvent } = event.detail;
  const trigger = elt?.getAttribute("hx-trigger") ?? "";
  if (AUTOMATIC.test(trigger) && !triggeringEvent?.isTrusted) headers["X-Poll"] = "1";
});

// A poll that is told of the end of the session leads to the sign-in, unless that would lose
// what is typed into a form.
let isEdited = false;

document.addEventListener("input", (event) => {
  if (event.target.form?.method === "post") isEdited = true;
});

document.addEventListener("htmx:beforeOnLoad", (event) => {
  const { elt, xhr } = event.detail;
  if (!isEdited || !polls(elt) || !xhr.getResponseHeader("HX-Redirect")) return;
  event.preventDefault();
  // An address with the note would take it away with the answer that it is about.
  tell("Your session has ended. Sign in in another tab; your input here is kept.", {});
});

// 7. A swapped part keeps what was opened in it; one that did not change says when it was
// looked at ------------------------------------------------------------------------------
let opened = [];

document.addEventListener("htmx:beforeSwap", (event) => {
  const inside = event.detail.target.querySelectorAll("details[id][open]");
  opened = [...inside].map((part) => part.id);
});

document.addEventListener("htmx:afterSwap", () => {
  for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
});

document.addEventListener("looked", (event) => {
  const { at, iso, answered } = event.detail;
  if (!at) return;
  for (const time of document.querySelectorAll("[data-looked] time")) {
    time.textContent = at;
    time.dateTime = iso;
    time.title = iso.replace("T", " ").replace("Z", " UTC");
  }
  const took = document.querySelector("[data-answered]");
  if (took) took.textContent = answered;
});

// 8. A document beside its list: where there is room a row opens it there, elsewhere the
// link leads to its page; Escape closes it and returns to the row -------------------------
const ROOM = window.matchMedia("(width >= 1280px)");
const INTERACTIVE = "a, button, input, select, label, summary";

document.addEventListener("click", (event) => {
  const row = event.target.closest("tr:has([data-beside])");
  if (!row || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey) return;
  const link = event.target.closest("[data-beside]");
  const isElsewhere = event.target.closest(INTERACTIVE) || String(window.getSelection());
  if (!link && isElsewhere) return;
  if (!ROOM.matches) {
    if (!link) row.querySelector("[data-beside]").click();
    return;
  }
  event.preventDefault();
  window.htmx?.trigger(link ?? row.querySelector("[data-beside]"), "beside");
});

const closeBeside = () => {
  const pane = document.getElementById("beside");
  if (!pane?.firstElementChild) return;
  pane.replaceChildren();
  const link = document.querySelector("[data-beside][aria-current]");
  link?.removeAttribute("aria-current");
  link?.focus();
};

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-close-beside]")) closeBeside();
});

document.addEventListener("keydown", (event) => {
  const isUsed =
    event.target.closest("#facets, details.menu[open]") || document.querySelector("dialog:modal");
  if (event.key === "Escape" && !isUsed && !event.defaultPrevented) closeBeside();
});

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id === "beside" && event.detail.requestConfig?.elt.matches("[data-beside]")) {
    for (const link of document.querySelectorAll("[data-beside][aria-current]")) {
      link.removeAttribute("aria-current");
    }
    event.detail.requestConfig.elt.setAttribute("aria-current", "true");
    event.target.querySelector("[data-focus]")?.focus();
  }
  // The sheet of filters has done its work once the rows are new.
  if (event.target.id === "rows") {
    const sheet = document.querySelector("#facets:popover-open");
    if (sheet && getComputedStyle(sheet).position === "fixed") sheet.hidePopover();
  }
});

// 9. Ticks: the one in the head ticks all rows, and the bar says how many are ticked. Without
// this the head's is sent, and the server ticks the rows.
const ticks = (name) => [
  ...document.querySelectorAll(`input[type=checkbox][name="${name}"]:not(:disabled)`),
];

const countTicks = (name) => {
  const boxes = ticks(name);
  const count = boxes.filter((box) => box.checked).length;
  const head = document.querySelector(`[data-ticks="${name}"]`);
  if (head) {
    head.removeAttribute("name");
    head.checked = count > 0 && count === boxes.length;
    head.indeterminate = count > 0 && count < boxes.length;
  }
  for (const told of document.querySelectorAll(`[data-ticked="${name}"]`)) {
    told.textContent = count ? ` (${count})` : "";
  }
};

document.addEventListener("change", (event) => {
  const { name, dataset, checked } = event.target;
  if (dataset.ticks) {
    for (const box of ticks(dataset.ticks)) box.checked = checked;
    countTicks(dataset.ticks);
  } else if (document.querySelector(`[data-ticks="${CSS.escape(name)}"]`)) {
    countTicks(name);
  }
});

// The browser's Back shows the ticks again that were sent from this place of its history; a
// new visit has none.
document.addEventListener("submit", ({ target }) => {
  if (!target.matches("#bulk")) return; // its fields are named id
  const ticked = ticks("id").flatMap((box) => (box.checked ? [box.value] : []));
  history.replaceState({ ...history.state, ticked }, "");
});

window.addEventListener("pageshow", () => {
  const [visit] = performance.getEntriesByType("navigation");
  const sent = visit?.type === "back_forward" ? (history.state?.ticked ?? []) : [];
  for (const box of ticks("id")) box.checked ||= sent.includes(box.value);
  for (const head of document.querySelectorAll("[data-ticks]")) countTicks(head.dataset.ticks);
});
