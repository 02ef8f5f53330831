/* Marks the fields of a watched form that differ from what is stored, and counts them.
   A control says what is stored in data-stored; one without is compared with what the server
   wrote into it. Works on parts swapped in by HTMX, and nothing depends on it. */
"use strict";

(() => {
  const FORM = "form[data-dirty-watch]";
  const CONTROLS = "input:not([type=hidden], [type=file]), select, textarea";

  function isBox(control) {
    return control.matches("[type=checkbox], [type=radio]");
  }

  function stored(control) {
    if (control.dataset.stored !== undefined) return control.dataset.stored;
    if (isBox(control)) return control.defaultChecked ? "on" : "";
    if (!control.matches("select")) return control.defaultValue;
    const written = [...control.options].find((option) => option.defaultSelected);
    return (written ?? control.options[0])?.value ?? "";
  }

  function present(control) {
    return isBox(control) ? (control.checked ? "on" : "") : control.value;
  }

  function words(control, value) {
    if (control.matches("[type=password]")) return "Not saved yet.";
    if (isBox(control)) return `Not saved. Was ${value ? "on" : "off"}.`;
    if (!control.matches("select")) return `Not saved. Was ${value || "empty"}.`;
    const option = [...control.options].find((one) => one.value === value);
    return `Not saved. Was ${option?.textContent.trim() ?? "another choice"}.`;
  }

  function mark(control) {
    const holder = control.closest(".field, .check");
    if (!holder || !control.name) return false;
    const value = stored(control);
    const changed = present(control) !== value;
    const id = `${control.id}_unsaved`;
    let note = document.getElementById(id);
    if (changed && !note) {
      note = document.createElement("p");
      note.id = id;
      note.className = "unsaved";
      holder.append(note);
    }
    if (changed) note.textContent = words(control, value);
    else note?.remove();
    holder.toggleAttribute("data-changed", changed);
    describe(control, id, changed);
    return changed;
  }

  // The note belongs to what a screen reader says of the control.
  function describe(control, id, changed) {
    const ids = (control.getAttribute("aria-describedby") ?? "").split(" ").filter(Boolean);
    const others = ids.filter((one) => one !== id);
    const wanted = changed ? [...others, id] : others;
    if (wanted.length) control.setAttribute("aria-describedby", wanted.join(" "));
    else control.removeAttribute("aria-describedby");
  }

  function markAll(form) {
    const changed = [...form.querySelectorAll(CONTROLS)].filter(mark).length;
    for (const place of form.querySelectorAll("[data-dirty-count]")) {
      place.textContent = changed ? ` (${changed} ${changed === 1 ? "field" : "fields"})` : "";
    }
  }

  function onEdit(event) {
    const form = event.target.closest?.(FORM);
    if (form) markAll(form);
  }

  function prepare() {
    document.querySelectorAll(FORM).forEach(markAll);
  }

  document.addEventListener("input", onEdit);
  document.addEventListener("change", onEdit);
  document.addEventListener("reset", (event) => setTimeout(onEdit, 0, event));
  document.addEventListener("htmx:load", prepare);
  prepare();
})();
