// Finds checks without leaving the page, and opens what a link points into. The page is whole without it.
"use strict";
(() => {
  const get = (id) => document.getElementById(id);
  const bar = document.querySelector(".filter");
  const [words, status, severity, clear, shown] = ["words", "status", "severity", "clear", "shown"].map(get);
  const texts = (root) => [...root.querySelectorAll("[data-text]")].map((node) => node.textContent).join(" ");

  // Paper shows everything, whatever is looked for: so it is a class, which screens alone obey.
  const hide = (node, yes) => node.classList.toggle("unfit", yes);
  const isHidden = (node) => node.classList.contains("unfit");

  // What there is to find: checks, by what stands about them anywhere; and requirements that no check speaks of.
  let found = null;
  const entries = () => {
    if (found) return found;
    found = new Map();
    for (const node of document.querySelectorAll("[data-check]")) {
      const { check, status, severity } = node.dataset;
      const entry = found.get(check) || { status, severity, text: "", nodes: [], shown: true };
      entry.nodes.push(node);
      entry.text += ` ${texts(node)}`;
      found.set(check, entry);
    }
    for (const node of document.querySelectorAll("[data-requirement]")) {
      const text = texts(node.querySelector(".asked"));
      const own = node.querySelectorAll("[data-check]");
      for (const each of own) found.get(each.dataset.check).text += ` ${text}`;
      if (!own.length) found.set(node, { status: "none", severity: "", text, nodes: [node], shown: true });
    }
    for (const entry of found.values()) entry.text = entry.text.toLowerCase();
    return found;
  };

  const counted = (some, all, one, many) => (all ? `${some} of ${all} ${all === 1 ? one : many}` : "");

  const apply = () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const entry of entries().values()) {
      const fits =
        (!status.value || entry.status === status.value) &&
        (!severity.value || entry.severity === severity.value) &&
        wanted.every((word) => entry.text.includes(word));
      if (fits !== entry.shown) for (const node of entry.nodes) hide(node, !fits);
      entry.shown = fits;
    }
    for (const node of document.querySelectorAll("[data-requirement]")) {
      if (node.querySelector("[data-check]")) hide(node, !node.querySelector("[data-check]:not(.unfit)"));
    }
    for (const node of document.querySelectorAll(".heading")) {
      hide(node, !node.querySelector("[data-requirement]:not(.unfit)"));
    }
    const checks = [...entries()].filter(([key]) => typeof key === "string").map(([, entry]) => entry);
    const all = [...document.querySelectorAll(".finding")];
    const told = [
      counted(checks.filter((entry) => entry.shown).length, checks.length, "check", "checks"),
      counted(all.filter((node) => !isHidden(node)).length, all.length, "finding", "findings"),
    ];
    shown.textContent = `Shown: ${told.filter(Boolean).join(", ")}.`;
    clear.hidden = !(words.value || status.value || severity.value);
  };

  // The address: #check-id points at a check, #?words=…&status=…&severity=… is a search.
  const remember = () => {
    const query = new URLSearchParams();
    for (const [name, field] of [["words", words], ["status", status], ["severity", severity]]) {
      if (field.value) query.set(name, field.value);
    }
    history.replaceState(null, "", `${query}` ? `#?${query}` : "#checklist");
  };
  const search = () => { apply(); remember(); };
  const reset = () => { words.value = status.value = severity.value = ""; };

  const reveal = (id, focus) => {
    const target = id && get(id);
    if (!target) return;
    if (target.closest(".unfit")) { reset(); apply(); }
    for (let node = target; node; node = node.parentElement) if (node.tagName === "DETAILS") node.open = true;
    target.scrollIntoView();
    if (focus && target.tagName === "DETAILS") target.querySelector("summary").focus({ preventScroll: true });
  };
  const meant = (hash) => {
    try { return decodeURIComponent(hash); } catch { return hash; } // what is no escape is meant as it stands
  };
  const read = () => {
    const hash = location.hash.slice(1);
    if (hash.startsWith("?")) {
      const query = new URLSearchParams(hash.slice(1));
      for (const [name, field] of [["words", words], ["status", status], ["severity", severity]]) {
        field.value = query.get(name) || "";
        if (field.selectedIndex === -1) field.value = "";
      }
      apply();
      bar.scrollIntoView();
      return;
    }
    reveal(meant(hash), true);
  };

  words.addEventListener("input", search);
  status.addEventListener("change", search);
  severity.addEventListener("change", search);
  clear.addEventListener("click", () => { reset(); search(); words.focus(); });
  addEventListener("hashchange", read);
  addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, select, textarea");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      words.focus();
      words.select();
    } else if (event.key === "Escape" && event.target.closest(".filter")) {
      reset();
      search();
    }
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    if (!link) return;
    if (link.dataset.show) {
      reset();
      status.value = link.dataset.show;
      search();
    } else if (link.hash === location.hash) {
      reveal(meant(link.hash.slice(1)), true);
    }
  });

  const findings = [...document.querySelectorAll(".finding > details")];
  const unfold = get("unfold");
  if (unfold) {
    const told = () => { unfold.textContent = findings.every((each) => each.open) ? "Close all" : "Open all"; };
    unfold.hidden = false;
    unfold.addEventListener("click", () => {
      const open = !findings.every((each) => each.open);
      for (const each of findings) each.open = open;
      told();
    });
    for (const each of findings) each.addEventListener("toggle", told);
  }

  // On paper everything is open but what is bulky.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open]):not(.bulk)")];
    for (const each of closed) each.open = true;
  });
  addEventListener("afterprint", () => {
    for (const each of closed) each.open = false;
  });

  bar.hidden = false;
  clear.hidden = true;
  apply();
  if (location.hash) read();
})();
