/* What a page of a deck does: mathematics, then slides, then figures in the page's colours. */
(() => {
  "use strict";
  const WIDTH = 1280;
  const HEIGHT = 720;
  const night = JSON.parse(document.getElementById("night").textContent);
  const figures = [...document.querySelectorAll(".plot")].map((place) => {
    const drawn = document.createElement("div");
    const json = place.querySelector("script").textContent;
    place.append(drawn);
    return { place, drawn, json };
  });

  const dark = () => document.documentElement.dataset.theme === "dark";
  const asked = new URLSearchParams(location.search).get("theme");
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  document.documentElement.dataset.theme = ["light", "dark"].includes(asked) ? asked : system;

  /* A figure keeps the size that it was drawn for, and is scaled to the room on its slide. */
  async function draw({ place, drawn, json }) {
    const text = dark()
      ? json.replace(/#[0-9a-f]{6}\b/gi, (colour) => night[colour.toLowerCase()] ?? colour)
      : json;
    const { data, layout } = JSON.parse(text);
    const width = layout.width || 900;
    const height = layout.height || 450;
    const words = place.parentElement.querySelectorAll(".text, pre, .output, h2");
    const used = [...words].reduce((sum, one) => sum + one.offsetHeight + 24, 0);
    const scale = Math.min((WIDTH - 60) / width, (HEIGHT - 50 - used) / height, 1.5);
    drawn.style.transform = "none"; // plotly measures its texts as they are on the screen
    await Plotly.react(drawn, data, { ...layout, width, height }, { displayModeBar: false });
    place.style.width = `${width * scale}px`;
    place.style.height = `${height * scale}px`;
    drawn.style.transform = `scale(${scale})`;
  }

  /* What is too large for its slide, such as a long formula or table, is set smaller. */
  function fit(slide) {
    const large = () => slide.scrollHeight > HEIGHT - 40 || slide.scrollWidth > WIDTH;
    for (let size = 95; large() && size > 50; size -= 5) slide.style.fontSize = `${size}%`;
  }

  /* Texts are measured, so that meanwhile every slide must be there (data-drawing). */
  async function drawAll() {
    document.documentElement.dataset.drawing = "";
    document.querySelectorAll(".slides > section > section").forEach(fit);
    for (const figure of figures) await draw(figure);
    delete document.documentElement.dataset.drawing;
  }

  async function start() {
    await MathJax.startup.promise;
    await drawAll();
    const given = { width: WIDTH, height: HEIGHT, margin: 0.03, center: true, hash: true };
    const way = { navigationMode: "linear", transition: "none", slideNumber: "c/t" };
    await Reveal.initialize({ ...given, ...way, plugins: [RevealNotes] });
    Reveal.addKeyBinding({ keyCode: 78, key: "N", description: "Notes on the page" }, () => {
      Reveal.configure({ showNotes: !Reveal.getConfig().showNotes });
      Reveal.layout();
    });
    Reveal.addKeyBinding({ keyCode: 84, key: "T", description: "Light or dark" }, async () => {
      document.documentElement.dataset.theme = dark() ? "light" : "dark";
      await drawAll();
    });
    document.documentElement.dataset.ready = "yes";
  }

  addEventListener("load", start);
})();
