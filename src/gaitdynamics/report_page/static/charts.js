// The curves, drawn by plotly; a line of our own over them tells where the time is.

const GROUPS = { forces: "Forces", stance: "Over stance", cop: "CoP", cop_over_time: "CoP over time", angles: "Angles", moments: "Moments" };
const PANEL_HEIGHT = 165;
// Of a long motion so much is shown at once [s].
const WINDOW = window.innerWidth < 700 ? 4 : 10;
const DASHES = { this: "solid", measured: "dash", other: "dot" };
const FONT = { family: "system-ui, 'Segoe UI', Roboto, 'Noto Sans', Arial, sans-serif", size: 12, color: "#23262b" };

function faded(color, opacity) {
  const parts = [1, 3, 5].map(i => parseInt(color.slice(i, i + 2), 16));
  return `rgba(${parts.join(",")},${opacity})`;
}

// Outline of the band between `low` and `high`: one loop for each stretch in which both are known.
function outlines(x, low, high) {
  const across = [], up = [];
  for (let start = 0; start < x.length; start++) {
    if (Number.isNaN(low[start])) continue;
    let stop = start;
    while (stop < x.length && !Number.isNaN(low[stop])) stop++;
    for (let i = start; i < stop; i++) { across.push(x[i]); up.push(low[i]); }
    for (let i = stop - 1; i >= start; i--) { across.push(x[i]); up.push(high[i]); }
    across.push(x[start], null);
    up.push(low[start], null);
    start = stop;
  }
  return { x: across, y: up };
}

class Charts {
  constructor(container, plotly, data, goTo) {
    this.container = container;
    this.plotly = plotly;
    this.facts = data.facts;
    this.arrays = data.arrays;
    this.goTo = goTo;
    this.drawn = {};
    this.time = 0;
    container.replaceChildren();
    const there = { cop: this.facts.soles.length, stance: this.facts.stance_panels.length };
    this.groups = Object.keys(GROUPS).filter(group => there[group] ?? this.facts.panels.some(p => p.group === group));
    this.duration = this.arrays.time[this.arrays.time.length - 1];
  }
  async open(group) {
    for (const [name, chart] of Object.entries(this.drawn)) chart.holder.hidden = name !== group;
    this.group = group;
    document.querySelector(".hint").hidden = group === "cop" || group === "stance";
    this.tellLines();
    if (!this.drawn[group]) {
      const holder = document.createElement("div");
      holder.className = "chart";
      holder.dataset.group = group;
      this.container.append(holder);
      this.drawn[group] = { holder, marks: [] };
      await (group === "cop" ? this.drawSoles(holder) : group === "stance" ? this.drawStances(holder) : this.drawPanels(group, holder));
      new ResizeObserver(() => { if (!holder.hidden) { this.plotly.Plots.resize(holder); } }).observe(this.container);
    } else this.plotly.Plots.resize(this.drawn[group].holder);
    this.placeMarks();
  }
  tellLines() {
    const { facts } = this, curves = facts.panels.filter(panel => panel.group === this.group).flatMap(panel => panel.curves);
    const has = origin => curves.some(curve => curve.origin === origin);
    const entries = ["r", "l"].map(side => [facts.side_names[side], facts.colors[side]]);
    if (curves.some(curve => curve.side === "c")) entries.push(["pelvis, trunk", facts.colors.c]);
    if (has("measured")) entries.push(["estimated", facts.colors.c], ["measured", facts.colors.c, "dash"]);
    if (has("other")) entries.push([facts.labels[0], facts.colors.c], [facts.labels[1], facts.colors.c, "dots"]);
    const stanceBands = this.group === "stance" && "stance0_r_band" in this.arrays;
    if (stanceBands || curves.some(curve => curve.band)) entries.push([facts.interval, "", "band"]);
    if (this.group === "stance") entries.push(["thin: single stances", "#b9b6b0"], ["thick: their mean", facts.colors.c]);
    const overTime = this.group !== "cop" && this.group !== "stance";
    legend("curve-legend", overTime ? [...entries, ["background: stance", "#e6c9b8"]] : entries);
  }
  async drawPanels(group, holder) {
    const panels = this.facts.panels.filter(panel => panel.group === group);
    const rows = panels.length, gap = 0.34 / (rows + 1), height = (1 - gap * (rows - 1)) / rows;
    const layout = {
      height: rows * PANEL_HEIGHT + 60, margin: { l: 62, r: 12, t: 26, b: 42 }, font: FONT, showlegend: false,
      hovermode: "x unified", dragmode: "zoom", paper_bgcolor: "#fff", plot_bgcolor: "#fff", annotations: [],
      shapes: this.facts.stances.map(([side, start, end]) => ({
        type: "rect", xref: "x", yref: "paper", x0: start, x1: end, y0: 0, y1: 1, layer: "below", line: { width: 0 },
        fillcolor: faded(this.facts.colors[side], 0.08),
      })),
    };
    const traces = [];
    panels.forEach((panel, row) => {
      const number = row ? row + 1 : "", top = 1 - row * (height + gap);
      layout[`yaxis${number}`] = { domain: [top - height, top], anchor: `x${number}`, title: { text: panel.unit, standoff: 6, font: { size: 12 } }, zeroline: true, zerolinecolor: "#8a8a8a", gridcolor: "#ececec", automargin: false, fixedrange: true };
      layout[`xaxis${number}`] = { anchor: `y${number}`, gridcolor: "#ececec", zeroline: false, range: [0, Math.min(WINDOW, this.duration)], ...(row ? { matches: "x" } : {}), showticklabels: row === rows - 1, ...(row === rows - 1 ? { title: { text: this.facts.start ? `time from ${this.facts.start.toFixed(2)} s [s]` : "time [s]", standoff: 8 } } : {}) };
      layout.annotations.push({ text: `<b>${panel.title}</b>`, xref: "paper", yref: "paper", x: 0, y: top, xanchor: "left", yanchor: "bottom", showarrow: false, font: { size: 12.5 } });
      for (const curve of panel.curves) traces.push(...this.traces(curve, number));
    });
    await this.plotly.newPlot(holder, traces, layout, { displayModeBar: false, responsive: false, scrollZoom: false });
    holder.on("plotly_click", event => this.goTo(event.points[0].x));
    holder.on("plotly_relayout", () => this.placeMarks());
    this.drawn[group].marks = panels.map((_, row) => this.mark(holder, "cursor", row ? row + 1 : ""));
  }
  traces(curve, number) {
    const { arrays, facts } = this, color = facts.colors[curve.side];
    const x = curve.time ? arrays[curve.time] : arrays.time, axes = { xaxis: `x${number}`, yaxis: `y${number}` };
    const names = { this: facts.labels[0], measured: "measured", other: facts.labels[1] };
    const name = [facts.side_names[curve.side], curve.origin === "this" && !facts.other ? "" : names[curve.origin]].filter(Boolean).join(", ");
    const lines = [];
    if (curve.band) {
      const outline = outlines(x, ...curve.band.map(key => arrays[key]));
      lines.push({ ...axes, ...outline, mode: "lines", line: { width: 0, color }, hoverinfo: "skip", fill: "toself", fillcolor: faded(color, 0.25) });
    }
    lines.push({ ...axes, x, y: arrays[curve.values], mode: "lines", name: name || "value", line: { width: curve.origin === "this" ? 1.8 : 1.5, color: curve.origin === "other" ? faded(color, 0.75) : color, dash: DASHES[curve.origin] }, hovertemplate: "%{y:.3g}", connectgaps: false });
    return lines;
  }
  async drawStances(holder) {
    const { arrays, facts } = this, rows = facts.stance_panels.length, gap = 0.34 / (rows + 1), height = (1 - gap * (rows - 1)) / rows;
    const phase = Float32Array.from({ length: 101 }, (_, i) => i), traces = [];
    const layout = { height: rows * PANEL_HEIGHT + 60, margin: { l: 62, r: 12, t: 26, b: 42 }, font: FONT, showlegend: false, hovermode: "x", dragmode: false, paper_bgcolor: "#fff", plot_bgcolor: "#fff", annotations: [] };
    facts.stance_panels.forEach((panel, row) => {
      const number = row ? row + 1 : "", top = 1 - row * (height + gap), axes = { xaxis: `x${number}`, yaxis: `y${number}`, mode: "lines" };
      layout[`yaxis${number}`] = { domain: [top - height, top], anchor: `x${number}`, title: { text: panel.unit, standoff: 6, font: { size: 12 } }, zerolinecolor: "#8a8a8a", gridcolor: "#ececec", fixedrange: true };
      layout[`xaxis${number}`] = { anchor: `y${number}`, range: [0, 100], gridcolor: "#ececec", zeroline: false, fixedrange: true, showticklabels: row === rows - 1, ...(row === rows - 1 ? { title: { text: "% of stance", standoff: 8 } } : {}) };
      layout.annotations.push({ text: `<b>${panel.title}</b>`, xref: "paper", yref: "paper", x: 0, y: top, xanchor: "left", yanchor: "bottom", showarrow: false, font: { size: 12.5 } });
      for (const side of panel.sides) {
        const all = arrays[`stance${row}_${side}`], count = all.length / 101, band = arrays[`stance${row}_${side}_band`], color = facts.colors[side];
        if (band) traces.push({ ...axes, ...outlines(phase, band.subarray(0, 101), band.subarray(101)), line: { width: 0, color }, fill: "toself", fillcolor: faded(color, 0.2), hoverinfo: "skip" });
        const x = [], y = [];
        for (let k = 0; k < count; k++) { x.push(...phase, null); y.push(...all.subarray(101 * k, 101 * k + 101), null); }
        traces.push({ ...axes, x, y, line: { width: 0.7, color: faded(color, 0.4) }, hoverinfo: "skip" });
        const mean = phase.map((_, i) => { let sum = 0; for (let k = 0; k < count; k++) sum += all[101 * k + i]; return sum / count; });
        traces.push({ ...axes, x: phase, y: mean, name: `${facts.side_names[side]}, mean of ${count}`, line: { width: 2.4, color }, hovertemplate: "%{y:.3g}" });
      }
    });
    await this.plotly.newPlot(holder, traces, layout, { displayModeBar: false, responsive: false });
  }
  async drawSoles(holder) {
    const { arrays, facts } = this, sides = ["l", "r"].filter(side => facts.soles.includes(side));
    const layout = { height: 460, margin: { l: 62, r: 12, t: 30, b: 46 }, font: FONT, showlegend: false, hovermode: false, dragmode: false, annotations: [], paper_bgcolor: "#fff", plot_bgcolor: "#fff" };
    const traces = sides.map((side, column) => {
      const number = column ? column + 1 : "", width = 0.46, left = column * (1 - width);
      const path = arrays[`sole_${side}_path`], n = path.length / 2;
      layout[`xaxis${number}`] = { domain: [left, left + width], anchor: `y${number}`, title: { text: "to the right [cm]", standoff: 6 }, gridcolor: "#ececec", zerolinecolor: "#8a8a8a", fixedrange: true, range: [-12, 12], constrain: "domain" };
      layout[`yaxis${number}`] = { anchor: `x${number}`, scaleanchor: `x${number}`, range: [-6, 28], gridcolor: "#ececec", zerolinecolor: "#8a8a8a", fixedrange: true, title: column ? undefined : { text: "forward of the heel bone's origin [cm]", standoff: 6 } };
      layout.annotations.push({ text: `<b>${facts.side_names[side]} foot, from above</b>`, xref: "paper", yref: "paper", x: left + width / 2, y: 1, xanchor: "center", yanchor: "bottom", showarrow: false });
      return { x: Array.from({ length: n }, (_, i) => path[2 * i]), y: Array.from({ length: n }, (_, i) => path[2 * i + 1]), xaxis: `x${number}`, yaxis: `y${number}`, mode: "lines", connectgaps: false, line: { width: 1, color: faded(facts.colors[side], 0.55) } };
    });
    await this.plotly.newPlot(holder, traces, layout, { displayModeBar: false, responsive: false });
    this.drawn.cop.marks = sides.map((side, column) => {
      const mark = this.mark(holder, "dot", column ? column + 1 : "");
      mark.element.style.background = facts.colors[side];
      return Object.assign(mark, { side });
    });
  }
  mark(holder, kind, number) {
    const element = document.createElement("div");
    element.className = kind;
    holder.append(element);
    return { element, kind, number };
  }
  show(t) {
    this.time = t;
    const chart = this.drawn[this.group];
    if (!chart) return;
    if (this.group !== "cop" && this.group !== "stance" && chart.holder._fullLayout && !this.turning) {
      const [low, high] = chart.holder._fullLayout.xaxis.range;
      // Turn the page when the time leaves it.
      if ((t < low || t > high) && high - low < this.duration) {
        const start = Math.max(0, Math.min(t - 0.02 * (high - low), this.duration - (high - low)));
        this.turning = true;
        this.plotly.relayout(chart.holder, { "xaxis.range": [start, start + high - low] }).then(() => { this.turning = false; this.placeMarks(); });
      }
    }
    this.placeMarks();
  }
  placeMarks() {
    const chart = this.drawn[this.group];
    if (!chart || !chart.holder._fullLayout) return;
    for (const { element, kind, number, side } of chart.marks) {
      const x = chart.holder._fullLayout[`xaxis${number}`], y = chart.holder._fullLayout[`yaxis${number}`];
      const point = kind === "dot" ? this.pointUnder(side) : [this.time];
      const across = point && x.l2p(point[0]);
      element.hidden = !point || across < -1 || across > x._length + 1;
      if (element.hidden) continue;
      element.style.left = `${x._offset + across}px`;
      element.style.top = `${y._offset + (kind === "dot" ? y.l2p(point[1]) : 0)}px`;
      if (kind === "cursor") element.style.height = `${y._length}px`;
    }
  }
  pointUnder(side) {
    const times = this.arrays[`sole_${side}_time`], path = this.arrays[`sole_${side}_path`];
    const i = lastBefore(times, this.time);
    // A row of NaN ends each stance.
    if (i < 0 || this.time - times[i] > 0.03 || Number.isNaN(path[2 * i])) return null;
    return [path[2 * i], path[2 * i + 1]];
  }
}
