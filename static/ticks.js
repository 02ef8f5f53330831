/* Ticks of a list: one box for all of a page, and how many are ticked. The list works without. */
"use strict";

(() => {
  function boxes(form) {
    return [...form.querySelectorAll("tbody input[type=checkbox]")];
  }

  function tell(form) {
    const all = form.querySelector("[data-tick-all]");
    const ticked = boxes(form).filter((box) => box.checked).length;
    const count = form.querySelector("[data-ticked]");
    if (count) count.textContent = ticked ? `(${ticked})` : "";
    if (!all) return;
    all.hidden = false;
    all.checked = ticked > 0 && ticked === boxes(form).length;
    all.indeterminate = ticked > 0 && !all.checked;
  }

  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-ticks]");
    if (!form) return;
    if (event.target.matches("[data-tick-all]")) {
      for (const box of boxes(form)) box.checked = event.target.checked;
    }
    tell(form);
  });
  function prepare() {
    document.querySelectorAll("form[data-ticks]").forEach(tell);
  }
  document.addEventListener("htmx:load", prepare);
  window.addEventListener("pageshow", prepare);
  prepare();
})();
