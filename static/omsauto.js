/* Small behaviours of omsauto's pages; the guide stands in omsauto.css. Every page works
   without this script. It listens on the document, so parts swapped in by HTMX need no set-up. */
"use strict";

(() => {
  const root = document.documentElement;
  const YEAR = 365 * 24 * 3600;

  // --- Colour scheme: kept in a cookie so that the server renders it without a flash.

  function markTheme() {
    const chosen = root.dataset.theme || "auto";
    for (const button of document.querySelectorAll("[data-theme-choice]")) {
      button.setAttribute("aria-pressed", String(button.dataset.themeChoice === chosen));
    }
  }

  function chooseTheme(choice) {
    const lifetime = choice === "auto" ? 0 : YEAR;
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `theme=${choice}; Path=/; Max-Age=${lifetime}; SameSite=Lax${secure}`;
    if (choice === "auto") delete root.dataset.theme;
    else root.dataset.theme = choice;
    markTheme();
  }

  // --- Tabs: on a narrow screen the current one may stand outside the part that shows

  function showCurrentTab() {
    for (const tab of document.querySelectorAll(".tabs a[aria-current]")) {
      const row = tab.parentElement;
      row.scrollLeft = tab.offsetLeft - row.offsetLeft - (row.clientWidth - tab.clientWidth) / 2;
    }
  }

  // --- Messages

  const FADING = ".message.success, .message.info";

  function say(text, level = "info") {
    const region = document.getElementById("messages");
    const shape = document.getElementById("message-shape");
    if (!region || !shape) return;
    const message = shape.content.firstElementChild.cloneNode(true);
    message.classList.add(level);
    message.querySelector("[data-text]").textContent = text;
    region.append(message);
    fadeMessages();
  }

  // Good news leaves by itself, unless it is being read; warnings and errors stay.
  const LINGER_MS = 8000;
  const fading = new WeakSet();

  function fadeMessages() {
    for (const message of document.querySelectorAll(FADING)) {
      if (!fading.has(message)) fadeLater(message);
      fading.add(message);
    }
  }

  function fadeLater(message) {
    setTimeout(() => {
      if (message.matches(":hover, :focus-within")) fadeLater(message);
      else message.remove();
    }, LINGER_MS);
  }

  // --- Unsaved changes: a form differs when what it would send differs.

  const saved = new WeakMap();

  function content(form) {
    const pairs = [...new FormData(form)].filter(([name]) => name !== "csrfmiddlewaretoken");
    return JSON.stringify(pairs.map(([name, value]) => [name, value.name ?? value]));
  }

  function watch(form) {
    const changed = form.dataset.dirtyWatch === "dirty" || edited(form).length > 0;
    if (!saved.has(form)) saved.set(form, changed ? null : content(form));
    compare(form);
  }

  // The fields of a form that no longer hold what the server wrote into them.
  function edited(form) {
    return [...form.querySelectorAll("input, select, textarea")].filter((field) => {
      if (field.matches("[type=checkbox], [type=radio]")) {
        return field.checked !== field.defaultChecked;
      }
      if (!field.matches("select")) return field.value !== field.defaultValue;
      const written = [...field.options].findIndex((option) => option.defaultSelected);
      return field.selectedIndex !== Math.max(written, 0);
    });
  }

  // Edits made before the scripts had arrived: what HTMX would have done on them, it does now.
  let caughtUp = false;

  function catchUp() {
    if (caughtUp) return;
    caughtUp = true;
    for (const form of document.querySelectorAll("form[data-dirty-watch]")) {
      for (const field of edited(form)) {
        field.dispatchEvent(new Event("change", { bubbles: true }));
      }
    }
  }

  function compare(form) {
    form.dataset.dirty = String(saved.get(form) !== content(form));
  }

  function watched(target) {
    return target.closest?.("form[data-dirty-watch]") ?? target.form?.closest("[data-dirty-watch]");
  }

  function onEdit(event) {
    const form = watched(event.target);
    if (form && saved.has(form)) compare(form);
    if (event.type === "change" && event.target.matches("select[data-autosubmit]")) {
      event.target.form.requestSubmit();
    }
  }

  // The event comes before the fields take their first values again.
  function onReset(event) {
    if (saved.has(event.target)) setTimeout(compare, 0, event.target);
  }

  let leaving = false;

  function onLeave(event) {
    if (!leaving && document.querySelector('form[data-dirty="true"]')) event.preventDefault();
  }

  function onSubmit(event) {
    const question = event.submitter?.dataset.confirm;
    if (question && !window.confirm(question)) {
      event.preventDefault();
      return;
    }
    if (!event.defaultPrevented && event.target.matches("[data-dirty-watch]")) leaving = true;
  }

  // --- Clicks

  async function copy(button) {
    const from = button.dataset.copy;
    const text = from.startsWith("#") ? document.querySelector(from)?.textContent.trim() : from;
    try {
      await navigator.clipboard.writeText(text);
      say("Copied.", "success");
    } catch {
      say("The browser did not allow copying. Select the text and copy it by hand.", "warning");
    }
  }

  function openDialog(event, opener) {
    const dialog = document.getElementById(opener.dataset.opens);
    if (!dialog?.showModal) return;
    event.preventDefault();
    dialog.showModal();
  }

  function onClick(event) {
    const on = (selector) => event.target.closest(selector);
    closeMenus(event.target);
    if (on("[data-theme-choice]")) chooseTheme(on("[data-theme-choice]").dataset.themeChoice);
    else if (on("button[data-copy]")) copy(on("button[data-copy]"));
    else if (on("[data-opens]")) openDialog(event, on("[data-opens]"));
    else if (on("[data-shortcuts]")) switchShortcuts();
    else if (on("[data-closes]")) on("dialog")?.close();
    else if (on("[data-dismiss]")) on(".message")?.remove();
  }

  function closeMenus(except) {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(except)) menu.open = false;
    }
  }

  // --- The key "/" leads to the search, unless somebody is writing or has switched it off.

  const OFF = "omsauto.no-shortcuts";

  function shortcut(event) {
    const field = document.querySelector(`[data-shortcut="${CSS.escape(event.key)}"]`);
    if (!field || event.ctrlKey || event.metaKey || event.altKey) return;
    if (localStorage.getItem(OFF) || event.target.closest?.(WRITING)) return;
    if (document.querySelector("dialog[open]")) return;
    event.preventDefault();
    if (!field.checkVisibility()) field.closest("[popover]")?.showPopover();
    field.focus();
    field.select();
  }

  const WRITING = "input, select, textarea, [contenteditable]";

  function switchShortcuts() {
    if (localStorage.getItem(OFF)) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "1");
    markShortcuts();
  }

  function markShortcuts() {
    for (const button of document.querySelectorAll("[data-shortcuts]")) {
      button.setAttribute("aria-pressed", String(!localStorage.getItem(OFF)));
    }
  }

  function onKey(event) {
    if (event.key?.length === 1) shortcut(event);
    if (event.key !== "Escape") return;
    const menu = event.target.closest?.("details.menu[open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  }

  // --- Relative times

  const words = new Intl.RelativeTimeFormat(root.lang || "en", { numeric: "always" });
  const STEPS = [
    ["year", 31557600],
    ["month", 2629800],
    ["day", 86400],
    ["hour", 3600],
    ["minute", 60],
    ["second", 1],
  ];

  function relative(instant, now) {
    const seconds = Math.round((instant - now) / 1000);
    if (Math.abs(seconds) < 5) return "now";
    const [unit, size] = STEPS.find(([, length]) => Math.abs(seconds) >= length);
    return words.format(Math.trunc(seconds / size), unit);
  }

  // By the server's clock, whatever this device believes.
  const clock = document.querySelector("time[data-clock]");
  const ahead = clock ? Date.parse(clock.dateTime) - Date.now() : 0;

  function refreshTimes() {
    const now = Date.now() + ahead;
    for (const time of document.querySelectorAll("time[data-relative]")) {
      const instant = Date.parse(time.dateTime);
      if (!Number.isNaN(instant)) time.textContent = relative(instant, now);
    }
  }

  function refreshClock() {
    const timeZone = clock.dataset.clock;
    const shape = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone };
    const said = new Date(Date.now() + ahead).toLocaleTimeString("en-GB", shape);
    if (clock.textContent !== said) clock.textContent = said;
  }

  // Exact times by keyboard (times.css): a row with a control shows them while that has the
  // focus. Rows without one get a single stop in their list; a time that stands alone is one.
  const CONTROLS = "a[href], button, input, select, textarea, summary, [tabindex='0']";

  function makeTimesReachable() {
    const served = new Set(document.querySelectorAll("time[title][tabindex]"));
    const lists = new Set([...served].map((time) => time.closest("tbody, ol, ul, dl")));
    for (const time of document.querySelectorAll("time[title]:not([tabindex])")) {
      const list = time.closest("tbody, ol, ul, dl");
      const row = list && time.closest("tr, li, dl > div");
      if (row?.querySelector(CONTROLS) || (list && lists.has(list))) continue;
      time.tabIndex = 0;
      lists.add(list);
    }
  }

  // --- HTMX: tell of a failed request once, and again only after one that worked.

  let silent = false;

  function onSilence(event) {
    const status = event.detail.xhr?.status;
    const what = status ? `omsauto refused that with error ${status}.` : "omsauto does not answer.";
    if (!silent) say(`${what} This page may be out of date; reload it.`, "error");
    silent = true;
  }

  function onAnswer(event) {
    if (event.detail.successful) silent = false;
  }

  // A page that nobody sees asks for nothing; it catches up with the next poll after it is seen.
  function onRequest(event) {
    const polls = event.detail.elt.getAttribute("hx-trigger")?.startsWith("every ");
    if (polls && document.hidden) event.preventDefault();
  }

  function prepare() {
    markTheme();
    showCurrentTab();
    markShortcuts();
    refreshTimes();
    makeTimesReachable();
    fadeMessages();
    document.querySelectorAll("form[data-dirty-watch]").forEach(watch);
  }

  document.addEventListener("click", onClick);
  document.addEventListener("keydown", onKey);
  document.addEventListener("input", onEdit);
  document.addEventListener("change", onEdit);
  document.addEventListener("reset", onReset);
  document.addEventListener("submit", onSubmit);
  document.addEventListener("htmx:load", prepare);
  document.addEventListener("htmx:load", catchUp);
  document.addEventListener("htmx:beforeRequest", onRequest);
  document.addEventListener("htmx:sendError", onSilence);
  document.addEventListener("htmx:responseError", onSilence);
  document.addEventListener("htmx:afterRequest", onAnswer);
  window.addEventListener("beforeunload", onLeave);
  window.addEventListener("pageshow", () => {
    leaving = false;
  });
  matchMedia("(min-width: 54rem)").addEventListener("change", () => {
    document.querySelector(".sidebar:popover-open")?.hidePopover();
  });
  setInterval(refreshTimes, 30_000);
  if (clock) setInterval(refreshClock, 1000);
  prepare();
})();
