// Time goes on, or goes where the reader wants it; viewer and curves follow.

class Player {
  constructor(duration, start) {
    this.duration = duration;
    this.start = start;
    this.time = 0;
    this.speed = 1;
    this.playing = false;
    this.followers = [];
    this.elements = Object.fromEntries(["play", "scrub", "clock", "speed"].map(id => [id, document.getElementById(id)]));
    const { play, scrub, speed } = this.elements;
    scrub.max = duration;
    play.onclick = () => this.toggle();
    scrub.oninput = () => this.goTo(Number(scrub.value));
    speed.onchange = () => { this.speed = Number(speed.value); };
    document.addEventListener("keydown", event => {
      if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|BUTTON|SUMMARY)$/.test(event.target.tagName) && event.key === " ") return;
      if (event.target.id === "scrub" || event.target.tagName === "SELECT") return;
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (event.key === " ") { event.preventDefault(); this.toggle(); } else if (step) { event.preventDefault(); this.goTo(this.time + step / 50); }
    });
  }
  toggle() {
    this.playing = !this.playing;
    const { play } = this.elements;
    play.textContent = this.playing ? "❚❚" : "▶";
    play.setAttribute("aria-label", this.playing ? "Pause" : "Play");
    this.last = null;
    if (this.playing) requestAnimationFrame(now => this.tick(now));
  }
  tick(now) {
    if (!this.playing) return;
    // A picture that took long does not make the motion jump by more than a tenth of a second.
    const passed = this.last === null ? 0 : Math.min((now - this.last) / 1000, 0.1);
    this.last = now;
    this.goTo((this.time + passed * this.speed) % (this.duration || 1));
    requestAnimationFrame(next => this.tick(next));
  }
  goTo(t) {
    this.time = Math.min(Math.max(t, 0), this.duration);
    this.elements.scrub.value = this.time;
    this.elements.clock.textContent = `${(this.start + this.time).toFixed(2)} s`;
    for (const follow of this.followers) follow(this.time);
  }
}

function legend(id, entries) {
  document.getElementById(id).replaceChildren(...entries.map(([text, color, kind]) => {
    const entry = document.createElement("span"), swatch = document.createElement("i");
    if (kind) swatch.className = kind;
    if (kind !== "band") swatch.style.borderTopColor = color;
    entry.append(swatch, text);
    return entry;
  }));
}

function wireViewLegend(facts) {
  const entries = ["r", "l"].map(side => [facts.side_names[side], facts.colors[side]]);
  entries.push([`arrow: ${facts.metres_per_body_weight} m = 1 body weight`, facts.colors.c]);
  if (facts.other) entries.push([`grey: ${facts.labels[1]}`, "#9a9a9a"]);
  legend("view-legend", entries);
}

function wireViewer(viewer, player) {
  const redraw = () => viewer.show(player.time);
  const buttons = [...document.querySelectorAll("[data-camera]")];
  for (const button of buttons) {
    button.onclick = () => {
      for (const one of buttons) one.setAttribute("aria-pressed", one === button);
      viewer.look(button.dataset.camera);
      redraw();
    };
  }
  for (const [id, what] of [["show-forces", "forces"], ["show-trail", "trail"], ["show-ghost", "ghost"]]) {
    const box = document.getElementById(id);
    box.onchange = () => { viewer.shown[what] = box.checked; redraw(); };
  }
  if (viewer.ghost) {
    document.getElementById("ghost-switch").hidden = false;
    document.getElementById("ghost-name").textContent = viewer.facts.labels[1];
  }
  player.followers.push(t => viewer.show(t));
}

async function startPage() {
  const data = await readData();
  const player = new Player(data.arrays.time[data.arrays.time.length - 1], data.facts.start);
  wireViewLegend(data.facts);
  try {
    const viewer = await Viewer.create(document.getElementById("view"), await loadLibrary("packed-k3d"), data);
    wireViewer(viewer, player);
    player.goTo(0);
  } catch (error) {
    console.error(error);
    document.getElementById("view").textContent = "The motion cannot be shown in space: this browser offers no WebGL. Curves and numbers are below.";
  }
  const charts = new Charts(document.getElementById("charts"), await loadLibrary("packed-plotly", "Plotly"), data, t => player.goTo(t));
  const tabs = charts.groups.map(group => {
    const tab = document.createElement("button");
    Object.assign(tab, { type: "button", textContent: GROUPS[group] });
    tab.setAttribute("role", "tab");
    tab.dataset.group = group;
    tab.onclick = async () => {
      for (const one of tabs) one.setAttribute("aria-selected", one === tab);
      await charts.open(group);
    };
    return tab;
  });
  document.getElementById("tabs").replaceChildren(...tabs);
  player.followers.push(t => charts.show(t));
  if (tabs.length) await tabs[0].onclick();
  document.body.dataset.ready = "yes";
}

startPage().catch(error => {
  console.error(error);
  document.getElementById("chart-note")?.replaceChildren("This page could not be opened; a browser of 2023 or later is needed.");
});
