// Both maps and what is known of the chosen sample; the server's word is in `data`, see pair_maps.py.
const RESTS = 140; // milliseconds without movement until the maps are drawn in full
const GLIDE = 350; // milliseconds in which points move to their places of another epoch
const REMEMBERED = new WeakMap();

class PairMaps {
  constructor(host) {
    const find = (name) => host.querySelector(name);
    this.host = host;
    this.root = find(".pairs");
    this.panels = ["teacher", "student"].map((name) => new MapPanel(find(`.map.${name}`), this));
    this.details = find(".details");
    this.search = find("input");
    this.legend = find(".legend");
    this.hovered = this.selected = -1;
    this.chosen = new Set();
    this.matches = null;
    this.links = [];
    this.lassoes = false;
    this.made = new Map();
    this.search.addEventListener("input", () => this.find(this.search.value));
    this.search.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && this.matches?.size === 1) this.pick([...this.matches][0]);
      else if (event.key === "Enter" && this.matches?.size) this.choose([...this.matches]);
      else if (event.key !== "Escape") return;
      this.search.value = "";
      this.find("");
    });
    for (const mode of ["pan", "lasso"])
      find(`.${mode}`).addEventListener("click", () => this.setMode(mode === "lasso"));
    find(".home").addEventListener("click", () => this.home());
    find(".none").addEventListener("click", () => this.choose([]));
    find(".lines").addEventListener("change", () => this.drawLinks());
    find(".maps").addEventListener("keydown", (event) => this.press(event));
    this.resized = new ResizeObserver(() => this.resize());
    this.resized.observe(find(".maps"));
    this.arrived = () => this.data && this.update(this.data, this.send);
    window.addEventListener("pkdot-pairs", this.arrived);
  }

  leave() {
    this.resized.disconnect();
    window.removeEventListener("pkdot-pairs", this.arrived);
  }

  // -- what the server says --------------------------------------------------------------------

  update(data, send) {
    this.data = data;
    this.send = send;
    const arrays = window.pkdotPairs?.get(data.arrays);
    if (!arrays) return; // they are on their way
    const before = this.arrays;
    this.arrays = arrays;
    this.colours = data.colours;
    this.font = getComputedStyle(this.root).fontFamily;
    this.radius = arrays.names.length <= 300 ? 4.5 : arrays.names.length <= 2000 ? 3.5 : arrays.names.length <= MANY ? 2.5 : 1.8;
    this.made.clear();
    if (before !== arrays) this.moveIn(before, arrays);
    this.selected = data.selected;
    this.chosen = readChosen(data.chosen, arrays.names.length);
    this.find(this.search.value);
    this.root.querySelectorAll(".map b").forEach((title, i) => (title.textContent = data.titles[i]));
    this.root.querySelector(".maps").setAttribute("aria-label", data.words);
    this.root.querySelector(".lines").hidden = !data.details?.plan;
    this.search.placeholder = `Search ${arrays.names.length.toLocaleString("en")} names  ( / )`;
    showDetails(this.details, this, data.details);
    this.showLegend();
    this.drawLinks();
    this.resize();
  }

  moveIn(before, arrays) {
    const reach = (points) => points.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6);
    const span = 1.1 * Math.max(reach(arrays.teacher), reach(arrays.student));
    const glides = before && before.samples === arrays.samples && arrays.names.length <= 2 * MANY
      && !matchMedia("(prefers-reduced-motion: reduce)").matches;
    const first = glides ? [span, ...this.panels.map(({ points }) => points.slice())] : null;
    const last = [arrays.teacher, arrays.student], from = this.span, began = performance.now();
    cancelAnimationFrame(this.gliding);
    const step = (now) => {
      const t = first ? Math.min(1, (now - began) / GLIDE) : 1, eased = t * t * (3 - 2 * t);
      this.span = first ? from + (span - from) * eased : span;
      this.panels.forEach((panel, which) => {
        if (t === 1) panel.points = last[which];
        else panel.points = last[which].map((value, i) => first[which + 1][i] + (value - first[which + 1][i]) * eased);
      });
      this.move();
      if (t < 1) this.gliding = requestAnimationFrame(step);
    };
    if (!before || before.samples !== arrays.samples) {
      this.hovered = -1;
      for (const panel of this.panels) panel.look = { x: 0, y: 0, zoom: 1 };
    }
    step(began);
  }

  // -- what the reader does --------------------------------------------------------------------

  hover(i, panel) {
    if (this.hovered === i && this.hoveredIn === panel) return;
    [this.hovered, this.hoveredIn] = [i, panel];
    this.trim();
  }

  pick(i) {
    if (i === this.selected) return;
    this.selected = i;
    this.links = [];
    this.trim();
    this.send("picked", i);
  }

  choose(positions) {
    this.chosen = new Set(positions);
    this.move();
    this.showLegend();
    this.send("lassoed", writeChosen(positions));
  }

  find(words) {
    const sought = words.trim().toLowerCase(), { names } = this.arrays;
    const hits = [];
    if (sought) names.forEach((name, i) => name.toLowerCase().includes(sought) && hits.push(i));
    this.matches = sought ? new Set(hits) : null;
    this.root.querySelector(".found").textContent = sought ? `${hits.length} found` : "";
    this.move();
  }

  setMode(lassoes) {
    this.lassoes = lassoes;
    this.root.classList.toggle("lassoes", lassoes);
    this.root.querySelector(".lasso").setAttribute("aria-pressed", lassoes);
    this.root.querySelector(".pan").setAttribute("aria-pressed", !lassoes);
  }

  home() {
    for (const panel of this.panels) panel.look = { x: 0, y: 0, zoom: 1 };
    this.move();
  }

  press(event) {
    const n = this.arrays?.names.length ?? 0, steps = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in steps) this.pick((this.selected + steps[event.key] + n) % n);
    else if (event.key === "+" || event.key === "=") this.panels.forEach((panel) => panel.zoomBy(1.3));
    else if (event.key === "-") this.panels.forEach((panel) => panel.zoomBy(1 / 1.3));
    else if (event.key === "0") this.home();
    else if (event.key === "Escape") this.choose([]);
    else return;
    event.preventDefault();
  }

  // -- words and colours -----------------------------------------------------------------------

  markerOf(i) {
    const { palette } = this.data, number = this.arrays.numbers[i];
    return palette[number < 0 ? palette.length - 1 : number];
  }

  wordsOf(i) {
    return [this.arrays.names[i], this.markerOf(i)[2]].filter(Boolean);
  }

  get isDense() {
    return this.arrays.names.length > 2000;
  }

  isAnyFaint() {
    return Boolean(this.matches || this.chosen.size);
  }

  isFaint(i) {
    return this.matches ? !this.matches.has(i) : this.chosen.size > 0 && !this.chosen.has(i);
  }

  stamps(ratio, rough) {
    const key = `${ratio} ${rough}`;
    if (!this.made.has(key)) {
      const all = (strength, isRough) => this.data.palette.map((marker) =>
        makeStamp(marker, this.radius * ratio, this.colours.paper, strength, isRough));
      this.made.set(key, { clear: all(0.92, rough), faint: all(0.14, false) });
    }
    return this.made.get(key);
  }

  showLegend() {
    const { legend, by } = this.data;
    this.legend.replaceChildren();
    if (by) this.legend.append(make("span", "by", by));
    for (const [marker, words] of legend) {
      const canvas = make("canvas"), entry = make("span", "entry"), ratio = window.devicePixelRatio || 1;
      canvas.width = canvas.height = 14 * ratio;
      drawMarker(canvas.getContext("2d"), marker, 7 * ratio, 7 * ratio, 4.5 * ratio, this.colours.paper);
      entry.append(canvas, make("span", "", words));
      this.legend.append(entry);
    }
    const none = this.root.querySelector(".none");
    none.hidden = !this.chosen.size;
    none.textContent = `${this.chosen.size} chosen ✕`;
  }

  drawLinks() {
    const { details } = this.data, { colours } = this;
    this.links = [];
    if (details && details.position === this.selected) {
      if (this.root.querySelector(".lines select").value === "plan" && details.plan) {
        const most = details.plan.to[0]?.share || 1;
        this.links = details.plan.to.map(({ position, share, kind }) => ({
          to: position, width: 0.8 + (4 * share) / most, dash: kind === "away" ? [7, 3] : [], colour: colours[kind],
        }));
      } else {
        const looks = { kept: [colours.ink, []], lost: [colours.teacher, [5, 4]], new: [colours.student, [2, 3]] };
        for (const [kind, [colour, dash]] of Object.entries(looks))
          for (const { position } of details.neighbours[kind]) this.links.push({ to: position, colour, dash, width: 1.3 });
      }
    }
    this.trim();
  }

  // -- drawing, at most once a frame -----------------------------------------------------------

  resize() {
    for (const panel of this.panels) panel.resize();
    this.move();
  }

  // Points of one panel or of both have other places; rough ones are drawn until the map rests.
  move(panels = this.panels) {
    for (const panel of panels) panel.wants = panel.isRough = true;
    clearTimeout(this.resting);
    this.resting = setTimeout(() => {
      for (const panel of this.panels) panel.wants = panel.isRough;
      this.rests = true;
      this.trim();
    }, RESTS);
    this.trim();
  }

  trim() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      if (!this.arrays || !this.panels[0].width) return;
      for (const panel of this.panels) {
        if (panel.wants) panel.drawPoints(this.rests);
        if (panel.wants && this.rests) panel.isRough = false;
        panel.wants = false;
        panel.drawMarks();
      }
      this.rests = false;
      this.root.dataset.drawn = this.data.arrays;
    });
  }
}

export default function ({ parentElement, data, setTriggerValue }) {
  if (!data) return;
  let maps = REMEMBERED.get(parentElement);
  if (!maps) REMEMBERED.set(parentElement, (maps = new PairMaps(parentElement)));
  maps.update(data, setTriggerValue);
  return () => {
    maps.leave();
    REMEMBERED.delete(parentElement);
  };
}
