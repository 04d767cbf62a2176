"use strict";
(() => {
  const filters = document.getElementById("filters");
  const shown = document.getElementById("shown");
  const claims = [...document.querySelectorAll("[data-claim]")];
  const groups = [...document.querySelectorAll("[data-group]")];
  const total = document.querySelectorAll("tr[data-claim]").length;

  const apply = () => {
    const wanted = [...filters.querySelectorAll("select")].filter((select) => select.value);
    for (const claim of claims) {
      claim.hidden = !wanted.every((select) => claim.dataset[select.name].split("|").includes(select.value));
    }
    for (const group of groups) {
      group.hidden = !group.querySelector("[data-claim]:not([hidden])");
    }
    const left = document.querySelectorAll("tr[data-claim]:not([hidden])").length;
    shown.textContent = left === total ? `${total} claims` : `${left} of ${total} claims`;
  };

  const reveal = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    if (target.closest("[hidden]")) {
      filters.reset();
      apply();
    }
    for (let each = target; each; each = each.parentElement) {
      if (each.tagName === "DETAILS") each.open = true;
    }
    target.scrollIntoView();
  };

  filters.addEventListener("change", apply);
  filters.addEventListener("reset", () => setTimeout(apply));
  window.addEventListener("hashchange", reveal);
  filters.hidden = false;
  apply();
  reveal();
})();
