"use strict";
(() => {
  const filters = document.getElementById("filters");
  const shown = document.getElementById("shown");
  const selects = [...filters.querySelectorAll("select")];
  const claims = [...document.querySelectorAll("[data-claim]")];
  const groups = [...document.querySelectorAll("[data-group]")];
  const total = document.querySelectorAll("tr[data-claim]").length;

  // The address after "#" is the name of an anchor, or the state of the page: claim=ID&outcome=REFUTED&theme=...&paper=...
  const state = () => new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");

  const apply = () => {
    const wanted = selects.filter((select) => select.value);
    for (const claim of claims) {
      claim.hidden = !wanted.every((select) => claim.dataset[select.name].split("|").includes(select.value));
    }
    for (const group of groups) {
      group.hidden = !group.querySelector("[data-claim]:not([hidden])");
    }
    const left = document.querySelectorAll("tr[data-claim]:not([hidden])").length;
    shown.textContent = left === total ? `${total} claims` : `${left} of ${total} claims`;
  };

  const remember = () => {
    const chosen = new URLSearchParams(selects.filter((select) => select.value).map((select) => [select.name, select.value]));
    const claim = state().get("claim");
    if (claim && !document.getElementById(claim)?.hidden) chosen.set("claim", claim);
    const address = chosen.toString();
    if (!address && !location.hash.includes("=")) return;
    history.replaceState(null, "", address ? `#${address}` : location.pathname + location.search);
  };

  const reveal = () => {
    const named = state();
    if ([...named].length) {
      for (const select of selects) {
        const value = named.get(select.name) || "";
        select.value = [...select.options].some((option) => option.value === value) ? value : "";
      }
      apply();
    }
    const name = [...named].length ? named.get("claim") : decodeURIComponent(location.hash.slice(1));
    const target = name && document.getElementById(name);
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

  const changed = () => {
    apply();
    remember();
  };
  filters.addEventListener("change", changed);
  filters.addEventListener("reset", () => setTimeout(changed));
  window.addEventListener("hashchange", reveal);
  filters.hidden = false;
  apply();
  reveal();
})();
