// What is known of the chosen sample, beside the maps. Names in a record are a stranger's words:
// they become text, never markup.
function make(kind, classes = "", text = "") {
  const node = document.createElement(kind);
  if (classes) node.className = classes;
  if (text) node.textContent = text;
  return node;
}

function pictureOf(source, name, side) {
  const image = make("img");
  image.src = source;
  image.alt = `picture of ${name}`;
  image.style.height = `${side}px`;
  return image;
}

// A button that stands for a sample: pointing at it marks it in both maps, a click chooses it.
function sampleButton(owner, { position, picture }, classes, content) {
  const name = owner.arrays.names[position], button = make("button", classes);
  button.type = "button";
  button.title = owner.wordsOf(position).join("\n");
  button.setAttribute("aria-label", `${name}; show this sample`);
  const words = content ?? (picture ? pictureOf(picture, name, 27) : make("span", "", name));
  button.append(words);
  button.addEventListener("click", () => owner.pick(position));
  for (const [event, at] of [["pointerenter", position], ["focus", position], ["pointerleave", -1], ["blur", -1]])
    button.addEventListener(event, () => owner.hover(at, null));
  return button;
}

function neighbourRows(owner, found) {
  const block = make("section");
  block.append(make("h3", "", `${found.count} nearest in the embeddings, not on the map`));
  for (const [kind, words] of [["kept", "near to both"], ["lost", "teacher only"], ["new", "student only"]]) {
    const row = make("div", `row ${kind}`), title = make("div", "kind");
    title.append(make("b", "", `${found[kind].length} ${kind}`), make("span", "", ` ${words}`));
    const list = make("div", "chips");
    for (const sample of found[kind]) {
      const chip = sampleButton(owner, sample, "chip");
      chip.style.borderColor = owner.markerOf(sample.position)[0];
      list.append(chip);
    }
    row.append(title, list);
    block.append(row);
  }
  return block;
}

function planBars(owner, plan) {
  const block = make("section");
  const heading = make("h3", "", plan.title);
  if (plan.away) {
    const mark = make("i", "mark");
    mark.style.background = stripes(owner.colours);
    heading.append(mark, make("span", "hint", plan.away));
  }
  block.append(heading);
  const most = Math.max(...plan.to.map(({ share }) => share), plan.rest);
  const line = (label, share, colour, words) => {
    const bar = make("div", "bar"), fill = make("i");
    fill.style.width = `${(100 * share) / most}%`;
    fill.style.background = colour;
    bar.append(fill);
    const content = make("span", "line");
    content.append(label, bar, make("span", "number", words));
    return content;
  };
  for (const sample of plan.to) {
    const label = make("span", "name");
    if (sample.picture) label.append(pictureOf(sample.picture, owner.arrays.names[sample.position], 18));
    label.append(make("span", "", sample.note || owner.arrays.names[sample.position]));
    const content = line(label, sample.share, fillOf(owner.colours, sample), percent(sample.share));
    block.append(sampleButton(owner, sample, "plain", content));
  }
  const label = make("span", "name", `${plan.others} others`);
  if (plan.others) block.append(line(label, plan.rest, owner.colours.faint, percent(plan.rest)));
  return block;
}

// The mass of another class is striped: not everybody tells its colour from the others.
function stripes({ away, paper }) {
  return `repeating-linear-gradient(135deg, ${away} 0 4px, ${paper} 4px 5.5px)`;
}

function fillOf(colours, { kind }) {
  return kind === "away" ? stripes(colours) : colours[kind];
}

function percent(share) {
  return `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)} %`;
}

const SVG = "http://www.w3.org/2000/svg";
function shape(kind, values) {
  const node = document.createElementNS(SVG, kind);
  for (const [name, value] of Object.entries(values)) node.setAttribute(name, value);
  return node;
}

// The sample's similarity to each anchor: a stick from what the teacher thinks to the student.
function anchorFigure(owner, row, height) {
  const block = make("section"), k = row.anchors.length, width = 340;
  block.append(make("h3", "", row.title));
  const svg = shape("svg", { viewBox: `0 0 ${width} ${height}`, role: "img" });
  svg.setAttribute("aria-label", row.words);
  const all = [...row.teacher, ...row.student, 0], low = Math.min(...all), high = Math.max(...all, low + 1e-6);
  const y = (value) => 6 + ((high - value) / (high - low)) * (height - 12);
  const x = (i) => 34 + ((i + 0.5) / k) * (width - 40);
  for (const value of new Set([low, 0, high])) {
    svg.append(shape("line", { x1: 32, x2: width, y1: y(value), y2: y(value), stroke: owner.colours.faint }));
    const text = shape("text", { x: 28, y: y(value) + 4, "text-anchor": "end", fill: owner.colours.neutral, "font-size": 11 });
    text.textContent = value.toFixed(1);
    const isFree = value === 0 || Math.abs(y(value) - y(0)) > 11;
    if (isFree) svg.append(text);
  }
  for (let i = 0; i < k; i++) {
    const [teacher, student] = [y(row.teacher[i]), y(row.student[i])];
    const group = shape("g", { class: "anchor" }), r = Math.min(3.5, (width - 40) / k / 2.2);
    group.append(
      shape("rect", { x: x(i) - (width - 40) / k / 2, y: 0, width: (width - 40) / k, height, fill: "transparent" }),
      shape("line", { x1: x(i), x2: x(i), y1: teacher, y2: student, stroke: owner.colours.neutral, "stroke-width": 1.2 }),
      shape("circle", { cx: x(i), cy: teacher, r, fill: owner.colours.teacher }),
      shape("rect", { x: x(i) - r * 0.9, y: student - r * 0.9, width: 1.8 * r, height: 1.8 * r, fill: owner.colours.student }),
    );
    const title = shape("title", {});
    title.textContent = `anchor ${owner.arrays.names[row.anchors[i]]}: teacher ${row.teacher[i].toFixed(2)}, student ${row.student[i].toFixed(2)}`;
    group.append(title);
    group.addEventListener("pointerenter", () => owner.hover(row.anchors[i], null));
    group.addEventListener("pointerleave", () => owner.hover(-1, null));
    group.addEventListener("click", () => owner.pick(row.anchors[i]));
    svg.append(group);
  }
  block.append(svg);
  return block;
}

function showDetails(place, owner, details) {
  place.replaceChildren();
  if (!details) {
    place.append(make("p", "hint", "Click a sample in either map, or search for one."));
    return;
  }
  const head = make("header"), words = make("div", "who");
  for (const { name, picture } of details.pictures) {
    const figure = make("figure");
    figure.append(pictureOf(picture, `${details.name}: ${name}`, 56), make("figcaption", "", name));
    head.append(figure);
  }
  words.append(make("b", "", details.name));
  for (const [label, value] of details.facts) {
    const line = make("div", "fact");
    line.append(make("span", "label", `${label} `), make("span", "", value));
    words.append(line);
  }
  head.append(words);
  place.append(head, neighbourRows(owner, details.neighbours));
  if (details.plan) place.append(planBars(owner, details.plan));
  if (!details.row) return;
  // The figure takes the height that is left, which is known once pictures have their width.
  Promise.allSettled([...head.querySelectorAll("img")].map((image) => image.decode())).then(() => {
    if (!head.isConnected) return;
    const used = place.lastElementChild.getBoundingClientRect().bottom - place.getBoundingClientRect().top;
    const left = place.clientHeight - used - 36; // less what its heading takes
    place.append(anchorFigure(owner, details.row, Math.max(64, Math.min(120, left))));
  });
}
