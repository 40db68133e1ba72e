/* Figures take the theme and the width of the page: their colours by night stand in `pkdotNight`,
   and one that is wider than its place is scaled down, as a picture would be. */
(() => {
  "use strict";
  const drawn = new Map();
  const night = matchMedia("(prefers-color-scheme: dark)");
  const newPlot = Plotly.newPlot;

  const dark = () =>
    document.body.dataset.theme === "dark" ||
    (document.body.dataset.theme !== "light" && night.matches);

  function coloured(json) {
    const text = dark()
      ? json.replace(/#[0-9a-f]{6}\b/gi, (colour) => pkdotNight[colour.toLowerCase()] ?? colour)
      : json;
    return JSON.parse(text);
  }

  function fit(node) {
    const { width, height } = node._fullLayout;
    const scale = Math.min(1, node.parentElement.parentElement.clientWidth / width);
    node.style.transformOrigin = "0 0";
    node.style.transform = scale < 1 ? `scale(${scale})` : "none";
    node.parentElement.style.width = `${width * scale}px`;
    node.parentElement.style.height = `${height * scale}px`;
    node.parentElement.style.overflow = "hidden";
  }

  Plotly.newPlot = async (place, data, layout, config) => {
    const node = typeof place === "string" ? document.getElementById(place) : place;
    const json = JSON.stringify({ data, layout });
    drawn.set(node, json);
    const figure = coloured(json);
    await newPlot.call(Plotly, node, figure.data, figure.layout, config);
    fit(node);
    return node;
  };

  async function recolour() {
    for (const [node, json] of drawn) {
      const figure = coloured(json);
      node.style.transform = "none"; // plotly measures its texts as they are on the screen
      await Plotly.react(node, figure.data, figure.layout);
      fit(node);
    }
  }

  new MutationObserver(recolour).observe(document.body, { attributeFilter: ["data-theme"] });
  night.addEventListener("change", recolour);
  addEventListener("resize", () => [...drawn.keys()].forEach(fit));
})();
