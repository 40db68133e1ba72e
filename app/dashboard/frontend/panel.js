// One map: its points, where the reader looks, and what the pointer does there.
const NEAR = 14; // pixels within which a point answers the pointer
const MANY = 10000; // from so many points on, sharp pixels wait until the map rests

class MapPanel {
  constructor(box, owner) {
    this.box = box;
    this.owner = owner;
    [this.base, this.over] = box.querySelectorAll("canvas");
    this.look = { x: 0, y: 0, zoom: 1 };
    this.lasso = null;
    this.listen();
  }

  // -- coordinates -----------------------------------------------------------------------------

  get scale() {
    return (Math.min(this.width, this.height) / (2 * this.owner.span)) * this.look.zoom;
  }

  toScreen(i) {
    const { points, look, scale } = this;
    return [
      this.width / 2 + (points[2 * i] - look.x) * scale,
      this.height / 2 - (points[2 * i + 1] - look.y) * scale,
    ];
  }

  nearest(x, y) {
    const { points, scale, look } = this, limit = (NEAR / scale) ** 2;
    const px = (x - this.width / 2) / scale + look.x, py = (this.height / 2 - y) / scale + look.y;
    let best = -1, least = limit;
    for (let i = 0; i < points.length / 2; i++) {
      const far = (points[2 * i] - px) ** 2 + (points[2 * i + 1] - py) ** 2;
      if (far < least && !this.owner.isFaint(i)) [best, least] = [i, far];
    }
    return best;
  }

  resize() {
    this.width = this.box.clientWidth;
    this.height = this.box.clientHeight;
    const ratio = window.devicePixelRatio || 1;
    this.over.width = Math.round(this.width * ratio);
    this.over.height = Math.round(this.height * ratio);
    this.over.getContext("2d").setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  zoomBy(factor, x = this.width / 2, y = this.height / 2) {
    const before = this.scale;
    this.look.zoom = Math.min(200, Math.max(0.5, this.look.zoom * factor));
    const shift = 1 / before - 1 / this.scale;
    this.look.x += (x - this.width / 2) * shift;
    this.look.y -= (y - this.height / 2) * shift;
    this.owner.move([this]);
  }

  // -- pointer ---------------------------------------------------------------------------------

  listen() {
    const { over, owner } = this, at = (event) => [event.offsetX, event.offsetY];
    over.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoomBy(Math.exp(-event.deltaY / 400), ...at(event));
    }, { passive: false });
    over.addEventListener("dblclick", () => owner.home());
    over.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      over.setPointerCapture(event.pointerId);
      const [x, y] = at(event);
      this.drag = { x, y, moved: false };
      if (owner.lassoes !== event.shiftKey) this.lasso = [[x, y]];
    });
    over.addEventListener("pointermove", (event) => {
      const [x, y] = at(event);
      if (!this.drag) return owner.hover(this.nearest(x, y), this);
      const { drag } = this;
      if (!drag.moved && Math.hypot(x - drag.x, y - drag.y) < 4) return;
      drag.moved = true;
      if (this.lasso) {
        this.lasso.push([x, y]);
        owner.trim();
      } else {
        this.look.x -= (x - drag.x) / this.scale;
        this.look.y += (y - drag.y) / this.scale;
        [drag.x, drag.y] = [x, y];
        owner.move([this]);
      }
    });
    over.addEventListener("pointerup", (event) => {
      const { drag, lasso } = this;
      this.drag = this.lasso = null;
      if (!drag) return;
      if (drag.moved && lasso) owner.choose(this.inside(lasso));
      else if (!drag.moved) {
        const hit = this.nearest(...at(event));
        if (hit >= 0) owner.pick(hit);
      }
      owner.trim();
    });
    over.addEventListener("pointercancel", () => (this.drag = this.lasso = null));
    over.addEventListener("pointerleave", () => owner.hover(-1, this));
  }

  inside(corners) {
    const found = [];
    for (let i = 0; i < this.points.length / 2; i++) {
      const [x, y] = this.toScreen(i);
      let within = false;
      for (let a = 0, b = corners.length - 1; a < corners.length; b = a++) {
        const [xa, ya] = corners[a], [xb, yb] = corners[b];
        if (ya > y !== yb > y && x < ((xb - xa) * (y - ya)) / (yb - ya) + xa) within = !within;
      }
      if (within) found.push(i);
    }
    return found;
  }

  // -- drawing ---------------------------------------------------------------------------------

  drawPoints(rests) {
    const { owner, look } = this, numbers = owner.arrays.numbers;
    const isRough = !rests && numbers.length >= MANY;
    const ratio = isRough ? 1 : window.devicePixelRatio || 1;
    const width = Math.max(1, Math.round(this.width * ratio));
    const height = Math.max(1, Math.round(this.height * ratio));
    if (this.base.width !== width || this.base.height !== height)
      [this.base.width, this.base.height] = [width, height];
    const c = this.base.getContext("2d"), image = c.createImageData(width, height);
    new Uint32Array(image.data.buffer).fill(wordOf(owner.colours.paper));
    const scale = this.scale * ratio;
    const place = { scale, left: width / 2 - look.x * scale, top: height / 2 + look.y * scale };
    const { clear, faint } = owner.stamps(ratio, isRough);
    if (owner.isAnyFaint()) {
      stampPoints(image, this.points, numbers, faint, place, (i) => owner.isFaint(i));
      stampPoints(image, this.points, numbers, clear, place, (i) => !owner.isFaint(i));
    } else stampPoints(image, this.points, numbers, clear, place);
    c.putImageData(image, 0, 0);
  }

  drawMarks() {
    const { owner } = this, c = this.over.getContext("2d"), { colours, links } = owner;
    c.clearRect(0, 0, this.width, this.height);
    const selected = owner.selected;
    if (selected >= 0) {
      const [x, y] = this.toScreen(selected);
      for (const { to, colour, width, dash } of links) {
        const [a, b] = this.toScreen(to), far = Math.hypot(a - x, b - y) || 1;
        const [cos, sin] = [(a - x) / far, (b - y) / far];
        c.beginPath(); // from ring to ring, where there is room between them
        c.moveTo(x + cos * Math.min(far, owner.radius + 5), y + sin * Math.min(far, owner.radius + 5));
        c.lineTo(a - cos * Math.min(far, owner.radius + 3), b - sin * Math.min(far, owner.radius + 3));
        if (owner.isDense) { // so that it stands out from many points
          [c.strokeStyle, c.lineWidth, c.globalAlpha] = [colours.paper, width + 2, 0.6];
          c.stroke();
        }
        c.setLineDash(dash);
        [c.strokeStyle, c.lineWidth, c.globalAlpha] = [colour, width, 0.9];
        c.stroke();
        c.setLineDash([]);
        this.ring(to, owner.radius + 3, colour, 1.5);
      }
      c.globalAlpha = 1;
      this.ring(selected, owner.radius + 5, colours.ink, 2.5);
    }
    if (owner.hovered >= 0) {
      this.ring(owner.hovered, owner.radius + 4, colours.ink, 1.5);
      this.nameTag(owner.hovered, owner.hoveredIn === this);
    }
    if (this.lasso && this.lasso.length > 1) {
      c.beginPath();
      for (const [x, y] of this.lasso) c.lineTo(x, y);
      c.closePath();
      [c.fillStyle, c.globalAlpha] = [colours.ink, 0.08];
      c.fill();
      [c.strokeStyle, c.globalAlpha, c.lineWidth] = [colours.ink, 0.7, 1];
      c.stroke();
      c.globalAlpha = 1;
    }
  }

  ring(i, radius, colour, width) {
    const c = this.over.getContext("2d"), [x, y] = this.toScreen(i);
    c.beginPath();
    c.arc(x, y, radius, 0, 2 * Math.PI);
    if (this.owner.isDense) {
      [c.strokeStyle, c.lineWidth] = [this.owner.colours.paper, width + 2];
      c.stroke();
    }
    [c.strokeStyle, c.lineWidth] = [colour, width];
    c.stroke();
  }

  nameTag(i, isUnderPointer) {
    const { owner } = this, c = this.over.getContext("2d"), [x, y] = this.toScreen(i);
    const lines = isUnderPointer ? owner.wordsOf(i) : owner.wordsOf(i).slice(0, 1);
    c.font = `12px ${owner.font}`;
    const wide = Math.max(...lines.map((line) => c.measureText(line).width)) + 12;
    const high = 16 * lines.length + 6;
    const left = Math.max(2, Math.min(this.width - wide - 2, x + 10));
    const top = y + 12 + high > this.height ? y - 12 - high : y + 12;
    [c.fillStyle, c.globalAlpha] = [owner.colours.ink, 0.92];
    c.beginPath();
    c.roundRect(left, top, wide, high, 4);
    c.fill();
    [c.fillStyle, c.globalAlpha] = [owner.colours.paper, 1];
    lines.forEach((line, n) => c.fillText(line, left + 6, top + 15 + 16 * n));
  }
}
