// The motion in space. k3d draws; here its objects are put where they are at a time. Seconds from the first frame.

const TRAIL_SECONDS = 1.5;
const HEAD_LENGTH = 2.6 * 0.038;

// One person: arrays of a scene, read between its pictures.
class Person {
  constructor(facts, arrays, name) {
    Object.assign(this, facts);
    for (const part of ["position", "quaternion", "travel", "force", "cop"]) this[part] = arrays[`${name}_${part}`];
    this.trailTimes = ["r", "l"].map(side => arrays[`${name}_trail_${side}`]);
  }
  at(t) {
    const place = Math.min(Math.max(t / (this.duration || 1), 0), 1) * (this.frames - 1);
    const before = Math.min(Math.floor(place), Math.max(this.frames - 2, 0));
    return { before, after: Math.min(before + 1, this.frames - 1), share: place - before };
  }
  mixed(values, width, index, when) {
    const a = when.before * width + index, b = when.after * width + index;
    return values[a] + (values[b] - values[a]) * when.share;
  }
  // Column-major 4 x 4 matrix of a body.
  matrix(body, when, out) {
    const n = this.bodies, p = [0, 1, 2].map(k => this.unit * this.mixed(this.position, 3 * n, 3 * body + k, when));
    let [x, y, z, w] = [0, 1, 2, 3].map(k => this.mixed(this.quaternion, 4 * n, 4 * body + k, when));
    const length = Math.hypot(x, y, z, w) || 1;
    x /= length; y /= length; z /= length; w /= length;
    out[0] = 1 - 2 * (y * y + z * z); out[1] = 2 * (x * y + z * w); out[2] = 2 * (x * z - y * w); out[3] = 0;
    out[4] = 2 * (x * y - z * w); out[5] = 1 - 2 * (x * x + z * z); out[6] = 2 * (y * z + x * w); out[7] = 0;
    out[8] = 2 * (x * z + y * w); out[9] = 2 * (y * z - x * w); out[10] = 1 - 2 * (x * x + y * y); out[11] = 0;
    out[12] = p[0]; out[13] = p[1]; out[14] = p[2]; out[15] = 1;
    return out;
  }
  // Force [body weight] and its point, seen from the travelling viewer; null while the foot is in the air.
  load(foot, when) {
    const at = when.share < 0.5 ? when.before : when.after;
    if (!(this.force[at * 6 + foot * 3 + 1] > 0)) return null;
    // Between two pictures with contact the mean counts, at the ends of contact the picture that has it.
    const other = when.before + when.after - at;
    const both = this.force[other * 6 + foot * 3 + 1] > 0;
    const read = (values, k) => both ? this.mixed(values, 6, foot * 3 + k, when) : values[at * 6 + foot * 3 + k];
    return { force: [0, 1, 2].map(k => read(this.force, k)), cop: [0, 1, 2].map(k => read(this.cop, k)) };
  }
}

class Viewer {
  static async create(container, library, data) {
    const viewer = new Viewer();
    const { facts, arrays } = data;
    viewer.facts = facts;
    viewer.container = container;
    viewer.person = new Person(facts.scene, arrays, "scene");
    viewer.ghost = facts.other ? new Person(facts.other, arrays, "other") : null;
    viewer.matrixOut = new Float32Array(16);
    viewer.shown = { forces: true, trail: true, ghost: true };
    container.replaceChildren();
    viewer.k3d = await new library.CreateK3DAndLoadBinarySnapshot(arrays.snapshot, container);
    viewer.objects = viewer.k3d.getWorld().ObjectsById;
    viewer.prepare();
    viewer.look("oblique");
    new ResizeObserver(() => { viewer.k3d.resizeHelper(); viewer.k3d.render(); }).observe(container);
    return viewer;
  }
  // Forces act along the leg and would be hidden in it: arrows are drawn over everything. Tiles shine by
  // themselves: the lamp of k3d goes with the camera and would leave them dark from one side and white from another.
  prepare() {
    const { cast } = this.facts;
    for (const id of [...cast.arrows.flat(), ...(cast.ghost_arrows || []).flat()]) {
      Object.assign(this.objects[id].material, { depthTest: false, transparent: true });
      this.objects[id].renderOrder = 10;
      this.glow(id, 0.5);
    }
    for (const id of cast.floor) this.glow(id, 1);
  }
  glow(id, share) {
    const { material } = this.objects[id];
    if (!material.emissive) return;
    material.emissive.copy(material.color).multiplyScalar(share);
    material.color.multiplyScalar(1 - share);
  }
  object(id) {
    const object = this.objects[id];
    object.matrixAutoUpdate = false;
    return object;
  }
  put(id, numbers) {
    const object = this.object(id);
    object.matrix.fromArray(numbers);
    object.visible = true;
    object.updateMatrixWorld(true);
  }
  hide(id) { this.objects[id].visible = false; }
  shift(id, x, y, z) { this.put(id, [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, x, y, z, 1]); }

  show(t) {
    const { cast } = this.facts;
    const when = this.person.at(t);
    this.drawPerson(this.person, cast.bodies, cast.arrows, when, true);
    if (this.ghost) this.drawPerson(this.ghost, cast.ghost, cast.ghost_arrows, this.ghost.at(t), this.shown.ghost);
    this.drawSurface(t, when);
    this.k3d.render();
  }
  drawPerson(person, bodies, arrows, when, visible) {
    for (const [id, body] of bodies) {
      if (visible) this.put(id, person.matrix(body, when, this.matrixOut)); else this.hide(id);
    }
    arrows.forEach(([shaft, head], foot) => {
      const load = visible && this.shown.forces ? person.load(foot, when) : null;
      if (load) this.drawArrow(shaft, head, load); else { this.hide(shaft); this.hide(head); }
    });
  }
  drawArrow(shaft, head, { force, cop }) {
    const strength = Math.hypot(...force), length = strength * this.facts.metres_per_body_weight;
    if (length < 0.01) { this.hide(shaft); this.hide(head); return; }
    const y = force.map(f => f / strength);
    // Any two axes across the arrow do; X is never along it, for forces point up.
    let x = [y[1], -y[0], 0];
    const across = Math.hypot(...x) || 1;
    x = x.map(v => v / across);
    const z = [x[1] * y[2] - x[2] * y[1], x[2] * y[0] - x[0] * y[2], x[0] * y[1] - x[1] * y[0]];
    const straight = Math.max(length - HEAD_LENGTH, 0), size = Math.min(1, length / HEAD_LENGTH);
    this.put(shaft, [...x, 0, ...y.map(v => v * Math.max(straight, 1e-4)), 0, ...z, 0, ...cop, 1]);
    const tip = cop.map((c, k) => c + y[k] * length);
    this.put(head, [...x.map(v => v * size), 0, ...y.map(v => v * size), 0, ...z.map(v => v * size), 0, ...tip, 1]);
  }
  drawSurface(t, when) {
    const { cast, tile } = this.facts, { heading, belt, floor } = this.person;
    const ahead = [Math.cos(heading), 0, -Math.sin(heading)], right = [Math.sin(heading), 0, Math.cos(heading)];
    const gone = [0, 1, 2].map(k => this.person.mixed(this.person.travel, 3, k, when) + belt * t * ahead[k]);
    // The same floor lies ahead after two tiles.
    const period = 2 * tile, along = gone[0] * ahead[0] + gone[2] * ahead[2], aside = gone[0] * right[0] + gone[2] * right[2];
    const u = -(((along % period) + period) % period), v = -(((aside % period) + period) % period);
    const place = [0, 1, 2].map(k => u * ahead[k] + v * right[k]);
    for (const id of cast.floor) this.put(id, [...ahead, 0, 0, 1, 0, 0, ...right, 0, place[0], floor - 0.003, place[2], 1]);
    cast.trails.forEach((id, foot) => {
      const times = this.person.trailTimes[foot];
      const first = lastBefore(times, t - TRAIL_SECONDS) + 1, last = lastBefore(times, t);
      if (!this.shown.trail || last < first) { this.hide(id); return; }
      this.shift(id, -gone[0], 0.004, -gone[2]);
      this.object(id).geometry.setDrawRange(first, last - first + 1);
      this.object(id).frustumCulled = false;
    });
  }
  look(name) {
    const { heading } = this.person;
    const f = [Math.cos(heading), 0, -Math.sin(heading)], r = [Math.sin(heading), 0, Math.cos(heading)];
    const sides = { right: [0, 1, 0.12], left: [0, -1, 0.12], front: [1, 0, 0.12], back: [-1, 0, 0.12], oblique: [0.62, 0.72, 0.22] };
    // The person fills three quarters of the view, whatever their height.
    const { height, floor } = this.person, narrow = this.container.clientWidth < 0.75 * this.container.clientHeight;
    const distance = height * (narrow ? 2.9 : 2.35);
    const target = [0, floor + 0.5 * height, 0];
    if (name === "top") {
      this.k3d.setCamera([-0.3 * f[0], target[1] + 1.1 * distance, -0.3 * f[2], ...target, ...f]);
    } else {
      const [forward, right, up] = sides[name];
      const place = [0, 1, 2].map(k => distance * (forward * f[k] + right * r[k]));
      this.k3d.setCamera([place[0], target[1] + distance * up, place[2], ...target, 0, 1, 0]);
    }
  }
}
