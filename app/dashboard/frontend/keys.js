// Keys of every page: / goes to the search, arrows to the epoch before or after.
const BUSY = "input, textarea, select, [contenteditable], [role=slider], [role=radio], [role=tab], "
  + "[role=listbox], [data-testid=stDataFrame], .js-plotly-plot";

function searchField() {
  for (const host of document.querySelectorAll("[data-testid=stBidiComponentIsolated]")) {
    const own = host.shadowRoot?.querySelector("input[type=search]");
    if (own) return own;
  }
  const lists = "[data-testid=stSelectbox] input";
  return document.querySelector(`[data-testid=stMain] ${lists}`) ?? document.querySelector(lists);
}

export default function ({ setTriggerValue }) {
  window.pkdotKeys?.abort(); // of an earlier drawing
  const keys = (window.pkdotKeys = new AbortController());
  window.addEventListener("keydown", (event) => {
    const at = event.composedPath()[0];
    if (event.ctrlKey || event.metaKey || event.altKey || at.closest?.(BUSY)) return;
    const steps = { ArrowLeft: -1, ArrowRight: 1 };
    if (event.key in steps) setTriggerValue("stepped", steps[event.key]);
    else if (event.key === "/") searchField()?.focus();
    else return;
    event.preventDefault();
  }, { signal: keys.signal });
  return () => keys.abort();
}
