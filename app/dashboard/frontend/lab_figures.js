// The figures of the Lab, each a function of a canvas's box and a frame; see lab.js for the frame.
const FONT = 11; // pixels of the text in figures
const EDGE = { left: 42, right: 6, top: 6, bottom: 32 };

// Room for axes around a plot; `square` keeps both sides alike.
function plotOf(box, square) {
  let width = box.width - EDGE.left - EDGE.right, height = box.height - EDGE.top - EDGE.bottom;
  if (square) width = height = Math.max(10, Math.min(width, height));
  return { left: EDGE.left, top: EDGE.top, width, height, right: EDGE.left + width, bottom: EDGE.top + height };
}

function write(c, text, x, y, { align = "center", base = "middle", colour, turn, bold } = {}) {
  c.save();
  c.translate(x, y);
  if (turn) c.rotate(-Math.PI / 2);
  [c.textAlign, c.textBaseline, c.font] = [align, base, `${bold ? "600 " : ""}${FONT}px ${c.family}`];
  if (colour) c.fillStyle = colour;
  c.fillText(text, 0, 0);
  c.restore();
}

function nameAxes(c, plot, x, y, colours, below = 25, beside = 34) {
  c.fillStyle = colours.ink;
  write(c, x, plot.left + plot.width / 2, plot.bottom + below);
  write(c, y, plot.left - beside, plot.top + plot.height / 2, { turn: true });
}

function outline(c, plot, colours) {
  [c.strokeStyle, c.lineWidth] = [colours.faint, 1];
  c.strokeRect(plot.left - 0.5, plot.top - 0.5, plot.width + 1, plot.height + 1);
}

// Names of the runs along an axis, those left out for which there is no room.
function nameRuns(c, frame, cell, start, room, put) {
  let end = -Infinity;
  for (const [label, first, number] of runsOf(frame.classes)) {
    const middle = start + (first + number / 2) * cell;
    if (middle - room / 2 < end) continue;
    end = middle + room / 2;
    put(frame.names[label], middle);
  }
}

// Runs of one class in a sorted batch: [class, first, number].
function runsOf(classes) {
  const runs = [];
  classes.forEach((label, i) => {
    if (runs.length && runs.at(-1)[0] === label) runs.at(-1)[2]++;
    else runs.push([label, i, 1]);
  });
  return runs;
}

// Colours as words for pixels, from the lowest value to the highest.
function rampOf(stops) {
  const parts = stops.map((colour) => [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16)));
  return Uint32Array.from({ length: 256 }, (_, value) => {
    const place = (value / 255) * (parts.length - 1), first = Math.min(Math.floor(place), parts.length - 2);
    const [r, g, b] = parts[first].map((low, i) => Math.round(low + (place - first) * (parts[first + 1][i] - low)));
    return ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
  });
}

// Bytes (rows × columns) as a picture without blur.
function drawBytes(c, values, columns, ramp, x, y, width, height) {
  const rows = values.length / columns, small = new OffscreenCanvas(columns, rows), pen = small.getContext("2d");
  const image = pen.createImageData(columns, rows), words = new Uint32Array(image.data.buffer);
  for (let i = 0; i < values.length; i++) words[i] = ramp[values[i]];
  pen.putImageData(image, 0, 0);
  c.imageSmoothingEnabled = false;
  c.drawImage(small, x, y, width, height);
}

// -- one figure each -----------------------------------------------------------------------------

function drawScores(c, box, { scores, colours, batch, teacher }) {
  const plot = plotOf(box), count = scores.length / 2, span = Math.max(50, batch);
  let low = 100;
  for (const value of scores) low = Math.min(low, value / 100);
  low = Math.max(0, Math.min(80, 20 * Math.floor(low / 20)));
  const x = (i) => plot.left + (i / span) * plot.width;
  const y = (value) => plot.bottom - ((value - low) / (100 - low)) * plot.height;
  for (let mark = low; mark <= 100; mark += 20) {
    [c.strokeStyle, c.lineWidth] = [colours.faint, 1];
    c.beginPath();
    c.moveTo(plot.left, y(mark));
    c.lineTo(plot.right, y(mark));
    c.stroke();
    write(c, mark, plot.left - 4, y(mark) + (mark === 100 ? 3 : 0), { align: "right", colour: colours.ink });
  }
  for (const part of [0, 0.5, 1]) {
    const align = part === 1 ? "right" : part ? "center" : "left";
    write(c, Math.round(part * span), x(part * span), plot.bottom + 9, { align });
  }
  nameAxes(c, plot, "batches learnt", "right answers, %", colours);
  [c.strokeStyle, c.lineWidth] = [colours.teacher, 1.5];
  c.setLineDash([2, 3]);
  c.beginPath();
  c.moveTo(plot.left, y(100 * teacher));
  c.lineTo(plot.right, y(100 * teacher));
  c.stroke();
  const ends = [1, 0].map((who) => {
    [c.strokeStyle, c.lineWidth] = [who ? colours.neutral : colours.student, 2];
    c.setLineDash(who ? [5, 3] : []);
    c.beginPath();
    for (let i = 0; i < count; i++) c.lineTo(x(i), y(scores[2 * i + who] / 100));
    c.stroke();
    return scores[2 * (count - 1) + who] / 100;
  });
  c.setLineDash([]);
  const tags = [["alone", ends[0], colours.neutral], ["taught", ends[1], colours.student], ["teacher", 100 * teacher, colours.teacher]];
  tags.forEach(([name, value, colour], i) => { // below both curves, where there is room
    write(c, `${name} ${value.toFixed(1)} %`, plot.right - 4, plot.bottom - 10 - 15 * i, { align: "right", colour, bold: true });
  });
}

function drawMatrix(c, box, frame, values, ramp, [across, down]) {
  const plot = plotOf(box, true), { colours, classes, pointed } = frame;
  nameAxes(c, plot, across, down, colours);
  if (!values) return outline(c, plot, colours);
  const count = classes.length, cell = plot.width / count;
  drawBytes(c, values, count, ramp, plot.left, plot.top, plot.width, plot.height);
  outline(c, plot, colours);
  for (const [label, first, number] of runsOf(classes)) {
    const from = first * cell, wide = number * cell, colour = colours.classes[label][0];
    c.fillStyle = colour;
    c.fillRect(plot.left + from, plot.bottom + 1, wide - 1, 3);
    c.fillRect(plot.left - 4, plot.top + from, 3, wide - 1);
  }
  c.fillStyle = colours.ink;
  nameRuns(c, frame, cell, plot.left, 8, (name, at) => write(c, name, at, plot.bottom + 11));
  nameRuns(c, frame, cell, plot.top, 11, (name, at) => write(c, name, plot.left - 11, at));
  if (pointed < 0) return;
  [c.strokeStyle, c.lineWidth] = [colours.ink, 1];
  c.strokeRect(plot.left, plot.top + pointed * cell, plot.width, cell);
  c.strokeRect(plot.left + pointed * cell, plot.top, cell, plot.height);
}

function drawPulls(c, box, frame) {
  const { colours, pulls, classes, labelled, wrong, pointed } = frame, strip = 66;
  const plot = plotOf({ width: box.width, height: box.height - strip });
  nameAxes(c, plot, "sample of this batch, by digit", "length of gradient", colours);
  if (!pulls) return outline(c, plot, colours);
  const most = Math.max(1e-9, ...pulls), cell = plot.width / pulls.length;
  const y = (value) => plot.bottom - (value / most) * (plot.height - 10);
  write(c, most < 1e-8 ? "" : Number(most.toPrecision(2)), plot.left - 4, y(most), { align: "right" });
  write(c, "0", plot.left - 4, plot.bottom, { align: "right" });
  pulls.forEach((value, i) => {
    c.fillStyle = colours.classes[classes[i]][0];
    c.globalAlpha = labelled[i] ? 1 : 0.55;
    c.fillRect(plot.left + i * cell, y(value), Math.max(1, cell - 1), plot.bottom - y(value));
    c.globalAlpha = 1;
    if (wrong[i]) write(c, "×", plot.left + (i + 0.5) * cell, y(value) - 5, { colour: colours.away, bold: true });
  });
  for (const [label, first, number] of runsOf(classes)) {
    const mean = pulls.slice(first, first + number).reduce((sum, value) => sum + value, 0) / number;
    c.fillStyle = colours.ink;
    c.fillRect(plot.left + first * cell, y(mean) - 1, number * cell - 1, 2);
  }
  nameRuns(c, frame, cell, plot.left, 8, (name, at) => write(c, name, at, plot.bottom + 10));
  [c.strokeStyle, c.lineWidth] = [colours.ink, 1];
  if (pointed >= 0) c.strokeRect(plot.left + pointed * cell, plot.top, cell, plot.height);
  drawMostPulled(c, box, frame, box.height - strip + 10);
}

// The samples that are pulled most: what the teacher sees of each, and what the student sees.
function drawMostPulled(c, box, frame, top) {
  const { colours, pulls, wrong, classes } = frame, side = 34;
  write(c, "most", 0, top + 10, { align: "left", colour: colours.ink });
  write(c, "pulled", 0, top + 24, { align: "left" });
  const order = [...pulls.keys()].sort((a, b) => pulls[b] - pulls[a]);
  const room = Math.floor((box.width - 40) / (2 * side + 8));
  frame.strip = pulls[order[0]] > 0 ? order.slice(0, room).map((i, n) => ({ i, x: 40 + n * (2 * side + 8), y: top, side })) : [];
  for (const { i, x, y } of frame.strip) {
    drawPicture(c, frame, "teacher_pictures", i, x, y, side);
    drawPicture(c, frame, "student_pictures", i, x + side, y, side);
    [c.strokeStyle, c.lineWidth] = [wrong[i] ? colours.away : colours.faint, wrong[i] ? 2 : 1];
    c.strokeRect(x, y, 2 * side, side);
    write(c, `a ${frame.names[classes[i]]}${wrong[i] ? ", wrong pair" : ""}`, x + side, y + side + 8, { colour: colours.ink });
  }
}

function drawPicture(c, frame, name, i, x, y, size) {
  const side = frame.sides[name === "teacher_pictures" ? 0 : 1], area = side * side;
  drawBytes(c, frame[name].subarray(i * area, (i + 1) * area), side, frame.greys, x, y, size, size);
}

function drawMap(c, box, frame, points) {
  const plot = plotOf(box, true), { colours, probe_classes } = frame, reach = 2;
  outline(c, plot, colours);
  nameAxes(c, plot, "first direction (PCA)", "second direction", colours, 11, 10);
  c.save();
  c.beginPath();
  c.rect(plot.left, plot.top, plot.width, plot.height);
  c.clip();
  for (let i = 0; i < probe_classes.length; i++) {
    const x = plot.left + ((points[2 * i] / reach + 1) / 2) * plot.width;
    const y = plot.top + ((1 - points[2 * i + 1] / reach) / 2) * plot.height;
    drawMarker(c, colours.classes[probe_classes[i]], x, y, 3.2, colours.paper);
  }
  c.restore();
}
