// Points drawn pixel by pixel: each marker is drawn once by the canvas, then copied as a stamp.
// A hundred thousand calls to the canvas take a tenth of a second; copying takes a few milliseconds.

const CORNERS = { square: 4, diamond: 4, pentagon: 5, hexagon: 6, "triangle-up": 3, "triangle-down": 3 };
const TURNS = { square: Math.PI / 4, "triangle-down": Math.PI };

function tracePath(c, symbol, x, y, r) {
  c.beginPath();
  if (symbol === "cross" || symbol === "x") {
    const w = r * 0.36, turn = symbol === "x" ? Math.PI / 4 : 0;
    const at = [[-w, -r], [w, -r], [w, -w], [r, -w], [r, w], [w, w], [w, r], [-w, r], [-w, w], [-r, w], [-r, -w], [-w, -w]];
    for (const [a, b] of at)
      c.lineTo(x + a * Math.cos(turn) - b * Math.sin(turn), y + a * Math.sin(turn) + b * Math.cos(turn));
  } else if (symbol === "star") {
    for (let i = 0; i < 10; i++) {
      const reach = (i % 2 ? 0.45 : 1.1) * r, angle = (i * Math.PI) / 5;
      c.lineTo(x + reach * Math.sin(angle), y - reach * Math.cos(angle));
    }
  } else if (CORNERS[symbol]) {
    const many = CORNERS[symbol], reach = r * (many === 3 ? 1.15 : many === 4 ? 1.12 : 1);
    for (let i = 0; i < many; i++) {
      const angle = (2 * Math.PI * i) / many + (TURNS[symbol] ?? 0);
      c.lineTo(x + reach * Math.sin(angle), y - reach * Math.cos(angle));
    }
  } else c.arc(x, y, r * 0.95, 0, 2 * Math.PI);
  c.closePath();
}

function drawMarker(c, [colour, symbol], x, y, r, paper) {
  tracePath(c, symbol.replace("-open", ""), x, y, r);
  if (symbol.endsWith("-open")) {
    c.lineWidth = Math.max(1, r / 3);
    c.strokeStyle = colour;
    c.stroke();
    return;
  }
  c.fillStyle = colour;
  c.fill();
  if (r < 3) return;
  c.lineWidth = Math.max(0.5, r / 8);
  c.strokeStyle = paper;
  c.stroke();
}

// The pixels of one marker: places beside its middle, colours, and how opaque they are (0 to 255).
// A rough one has no soft edge, which is copied several times as fast.
function makeStamp(marker, r, paper, strength, rough) {
  const side = 2 * Math.ceil(r * 1.3 + 1) + 1, middle = (side - 1) / 2;
  const canvas = new OffscreenCanvas(side, side), c = canvas.getContext("2d");
  drawMarker(c, marker, middle + 0.5, middle + 0.5, r, paper);
  const pixels = c.getImageData(0, 0, side, side).data;
  const kept = [];
  for (let i = 0; i < side * side; i++) {
    const soft = pixels[4 * i + 3], opaque = rough ? 255 * (soft > 127) : Math.round(soft * strength);
    if (opaque > 6) kept.push([(i % side) - middle, Math.floor(i / side) - middle, ...pixels.subarray(4 * i, 4 * i + 3), opaque]);
  }
  const column = (j, Kind) => Kind.from(kept.map((row) => row[j]));
  return {
    dx: column(0, Int32Array), dy: column(1, Int32Array), red: column(2, Uint8Array),
    green: column(3, Uint8Array), blue: column(4, Uint8Array), alpha: column(5, Uint8Array),
    reach: middle,
  };
}

// Copies the stamps of some points into an image; `place` has scale and shift of both axes.
function stampPoints(image, points, numbers, stamps, place, wanted) {
  const { width, height } = image, data = image.data, words = new Uint32Array(data.buffer);
  const { scale, left, top } = place;
  for (let i = 0; i < numbers.length; i++) {
    if (wanted && !wanted(i)) continue;
    const x = Math.round(points[2 * i] * scale + left), y = Math.round(top - points[2 * i + 1] * scale);
    const stamp = stamps[numbers[i] < 0 ? stamps.length - 1 : numbers[i]], reach = stamp.reach;
    if (x < reach || y < reach || x >= width - reach || y >= height - reach) continue;
    const { dx, dy, red, green, blue, alpha } = stamp, middle = y * width + x;
    for (let j = 0; j < dx.length; j++) {
      const at = middle + dy[j] * width + dx[j], a = alpha[j];
      if (a > 248) {
        words[at] = 0xff000000 | (blue[j] << 16) | (green[j] << 8) | red[j];
      } else {
        const o = 4 * at, b = 255 - a;
        data[o] = (red[j] * a + data[o] * b) / 255;
        data[o + 1] = (green[j] * a + data[o + 1] * b) / 255;
        data[o + 2] = (blue[j] * a + data[o + 2] * b) / 255;
      }
    }
  }
}

function wordOf(colour) {
  const [red, green, blue] = [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16));
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}
