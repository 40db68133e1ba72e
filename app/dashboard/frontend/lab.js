// The Lab: draws a frame, then asks for the next; the server's word is in `data`, see lab_figures.py.
const SILENT = 3000; // milliseconds without an answer until it asks again
const KINDS = { u1: Uint8Array, u2: Uint16Array, f4: Float32Array };
const LABS = new WeakMap();

function unpack(data) {
  const length = new DataView(data.buffer, data.byteOffset, 4).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(data.subarray(4, 4 + length)));
  const body = data.slice(4 + length).buffer; // a copy, so that floats begin at its start
  for (const [name, [kind, at, size]] of Object.entries(header.arrays))
    header[name] = new KINDS[kind](body, at, size);
  return header;
}

class LabPage {
  constructor(host) {
    const find = (name) => host.querySelector(name);
    this.root = find(".lab");
    [this.state, this.pointedAt, this.pace] = [".state", ".pointed", ".pace"].map(find);
    this.button = find(".play");
    this.canvases = [...host.querySelectorAll("figure")].map((f) => [f.dataset.name, f.querySelector("canvas")]);
    this.plays = !matchMedia("(prefers-reduced-motion: reduce)").matches;
    [this.times, this.pointed, this.askedAt] = [[], -1, 0];
    this.button.addEventListener("click", () => this.play(!this.plays && !this.isOver));
    find(".step").addEventListener("click", () => {
      this.play(false);
      this.ask("step", 1);
    });
    find(".restart").addEventListener("click", () => this.ask("restart"));
    for (const [name, canvas] of this.canvases) {
      canvas.addEventListener("pointermove", (event) => this.point(name, canvas, event));
      canvas.addEventListener("pointerleave", () => this.pointTo(-1));
    }
    this.resized = new ResizeObserver(() => this.draw());
    this.resized.observe(find(".figures"));
    this.watch = setInterval(() => this.goOn(), 250);
  }

  leave() {
    clearInterval(this.watch);
    this.resized.disconnect();
  }

  // -- the server ------------------------------------------------------------------------------

  receive(data, send) {
    const before = this.frame?.batch ?? 0, isFirst = !this.frame;
    this.frame = unpack(data);
    if (isFirst && this.frame.batch) this.plays = false; // the reader comes back from another page
    this.send = send;
    this.askedAt = this.waits ? this.askedAt : 0;
    this.prepareColours();
    if (this.frame.batch > before) this.times.push(performance.now());
    else if (this.frame.batch < before) this.times = [];
    if (this.times.length > 21) this.times.shift();
    cancelAnimationFrame(this.next);
    this.next = requestAnimationFrame(() => { // a hidden tab gets none, and so asks for nothing
      this.draw();
      if (this.isOver) this.play(false);
      if (!this.waits) this.goOn();
    });
  }

  get waits() {
    return Boolean(this.frame.waits);
  }

  get isOver() {
    return Boolean(this.frame) && this.frame.batch >= this.frame.end;
  }

  play(wanted) {
    this.plays = wanted;
    this.times = [];
    this.describe();
    this.goOn();
  }

  goOn() {
    const isAsking = this.askedAt && performance.now() - this.askedAt < SILENT;
    if (this.plays && this.frame && !this.isOver && !document.hidden && !isAsking) this.ask("step", Number(this.pace.value));
  }

  ask(what, batches = 1) {
    if (!this.send) return;
    this.askedAt = performance.now();
    this.send("asked", { do: what, batches, seen: this.frame.batch, at: Math.round(this.askedAt) });
  }

  // -- the reader ------------------------------------------------------------------------------

  point(name, canvas, event) {
    const { frame } = this;
    if (!frame?.classes || name === "scores" || name.endsWith("_map")) return;
    const box = { width: canvas.clientWidth, height: canvas.clientHeight };
    const own = frame.strip?.find(({ x, y, side }) => name === "pulls" && event.offsetY >= y && event.offsetX >= x && event.offsetX < x + 2 * side);
    const plot = plotOf(box, name !== "pulls"), share = (event.offsetX - plot.left) / plot.width;
    const inside = share >= 0 && share < 1 && event.offsetY < plot.bottom;
    this.pointTo(own ? own.i : inside ? Math.floor(share * frame.classes.length) : -1);
  }

  pointTo(i) {
    if (i === this.pointed) return;
    this.pointed = i;
    this.draw();
  }

  describe() {
    const { frame, times } = this, count = (n) => n.toLocaleString("en");
    this.button.textContent = this.plays ? "Pause" : "Play";
    const rate = times.length > 2 ? ((times.length - 1) * 1000) / (times.at(-1) - times[0]) : 0;
    const words = [`${count(frame.batch)} ${frame.batch === 1 ? "batch" : "batches"} learnt`];
    if (this.plays && rate) words.push(`${rate.toFixed(0)} ${rate < 1.5 ? "picture" : "pictures"} a second`);
    if (this.isOver) words.push("the lesson ends here; Restart begins anew");
    this.state.textContent = this.state.title = frame.waits || words.join(" · ");
    Object.assign(this.root.dataset, { batch: frame.batch, rate: rate.toFixed(1), plays: this.plays });
    const i = this.pointed;
    this.pointedAt.textContent = i < 0 || !frame.classes ? "" : `Pointed at: a ${frame.names[frame.classes[i]]}, `
      + `${frame.labelled[i] ? "with label" : "without label"}${frame.wrong[i] ? ", wrong pair" : ""}, pull ${frame.pulls[i].toPrecision(2)}`;
    this.root.querySelector(".whose").textContent = frame.has_own_plan === false
      ? "That of PKDOT, to compare: this method has none."
      : `Where each sample’s mass goes${frame.most ? `; at most ${Math.min(100, 100 * frame.most * frame.classes.length).toFixed(0)} % to one` : ""}.`;
  }

  // What the figures show, for somebody who cannot see them.
  words() {
    const { frame } = this, [taught, alone] = [0, 1].map((who) => (frame.scores[frame.scores.length - 2 + who] / 100).toFixed(1));
    const found = {
      scores: `After ${frame.batch} batches the taught student names ${taught} percent right, the student alone ${alone}.`,
      teacher_map: "Map of new digits as the teacher sees them, coloured by digit.",
      student_map: "Map of the same digits as the taught student sees them.",
      alone_map: "Map of the same digits as the student without a teacher sees them.",
    };
    if (!frame.classes) return { teacher_similarity: "No batch yet.", student_similarity: "No batch yet.", plan: "No batch yet.", pulls: "No batch yet.", ...found };
    const strongest = frame.pulls.indexOf(Math.max(...frame.pulls)), size = frame.classes.length;
    return {
      ...found,
      teacher_similarity: `Cosines of ${size} samples in the teacher, sorted by digit.`,
      student_similarity: `Cosines of the same ${size} samples in the taught student.`,
      plan: `Plan from the teacher's to the student's ${size} samples; the largest share is ${(100 * frame.most * size).toFixed(0)} percent.`,
      pulls: `Gradients of ${size} samples; the strongest pulls on a ${frame.names[frame.classes[strongest]]}.`,
    };
  }

  // -- drawing ---------------------------------------------------------------------------------

  prepareColours() {
    const { frame } = this, { colours } = frame, key = colours.paper;
    this.root.style.height = `${frame.height - 6}px`;
    if (this.ramps?.key !== key) {
      this.ramps = { key, cosines: rampOf(colours.diverging), masses: rampOf(colours.sequential), greys: rampOf(["#000000", "#ffffff"]) };
      for (const [name, colour] of [["teacher", colours.teacher], ["student", colours.student], ["alone", colours.neutral]])
        this.root.style.setProperty(`--${name}`, colour);
      this.font = getComputedStyle(this.root).fontFamily;
    }
    frame.greys = this.ramps.greys;
  }

  draw() {
    const { frame, ramps } = this;
    if (!frame) return;
    frame.pointed = frame.classes ? this.pointed : -1;
    const words = this.words(), ratio = window.devicePixelRatio || 1;
    const sample = "sample, by digit";
    const figures = {
      scores: (c, box) => drawScores(c, box, frame),
      teacher_similarity: (c, box) => drawMatrix(c, box, frame, frame.teacher_similarity, ramps.cosines, [sample, sample]),
      student_similarity: (c, box) => drawMatrix(c, box, frame, frame.student_similarity, ramps.cosines, [sample, sample]),
      plan: (c, box) => drawMatrix(c, box, frame, frame.plan, ramps.masses, ["student’s sample", "teacher’s sample"]),
      pulls: (c, box) => drawPulls(c, box, frame),
      teacher_map: (c, box) => drawMap(c, box, frame, frame.teacher_map),
      student_map: (c, box) => drawMap(c, box, frame, frame.student_map),
      alone_map: (c, box) => drawMap(c, box, frame, frame.alone_map),
    };
    const boxes = this.canvases.map(([, canvas]) => ({ width: canvas.clientWidth, height: canvas.clientHeight }));
    this.canvases.forEach(([name, canvas], n) => {
      const box = boxes[n], wide = Math.round(box.width * ratio), high = Math.round(box.height * ratio);
      if (canvas.width !== wide || canvas.height !== high) [canvas.width, canvas.height] = [wide, high];
      const c = canvas.getContext("2d");
      c.family = this.font;
      c.setTransform(ratio, 0, 0, ratio, 0, 0);
      c.clearRect(0, 0, box.width, box.height);
      c.fillStyle = frame.colours.ink;
      figures[name](c, box);
      canvas.setAttribute("aria-label", words[name]);
    });
    this.describe();
  }
}

export default function ({ parentElement, data, setTriggerValue }) {
  if (!data) return;
  let lab = LABS.get(parentElement);
  if (!lab) LABS.set(parentElement, (lab = new LabPage(parentElement)));
  lab.receive(data, setTriggerValue);
  return () => {
    lab.leave();
    LABS.delete(parentElement);
  };
}
