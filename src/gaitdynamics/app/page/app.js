// The app's page: sends files and choices to the service, follows the run, and shows its result.
// Text from files and from the service is only ever set as text, never as markup.

const $ = (id) => document.getElementById(id);
const form = $("form");
const RECALL = "gaitdynamics-job"; // of this tab, so that a reload finds its results again
const QUICK = 250, SLOW = 1000, KEEP_ALIVE = 20000; // [ms]

let limits = null;
let job = null; // id of what this page has on the service
let sent = { motion: null, model: null }; // the files that the service has
let turn = 0; // only the latest of several runs may change the page

class Refusal extends Error {
  constructor(text, status) { super(text); this.status = status; }
}

async function call(method, path, body) {
  let answer;
  try {
    answer = await fetch(`api/${path}`, {
      method,
      headers: body === undefined ? {} : { "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Refusal("the app does not answer\n  Remedy: see whether it still runs, and try again", 0);
  }
  if (answer.status === 204) return null;
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refusal(told.error ?? `the app refused this (${answer.status})`, answer.status);
  return told;
}

// Uploads --------------------------------------------------------------------------------------------------------

function sendFile(role, file) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PUT", `api/jobs/${job}/uploads/${role}?name=${encodeURIComponent(file.name)}`);
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) showProgress(`Uploading ${file.name}`, event.loaded / event.total);
    };
    request.onload = () => {
      if (request.status < 300) { sent[role] = file; resolve(); return; }
      let told = {};
      try { told = JSON.parse(request.responseText); } catch { /* no JSON: the status says it */ }
      reject(new Refusal(told.error ?? `the upload was refused (${request.status})`, request.status));
    };
    request.onerror = () => reject(new Refusal(`${file.name}: the upload was broken off`, 0));
    request.send(file);
  });
}

function checkFile(role, file) {
  const kinds = limits?.kinds[role] ?? [];
  if (kinds.length && !kinds.some((ending) => file.name.toLowerCase().endsWith(ending))) {
    throw new Refusal(`${file.name}: a file of another kind was expected\n  Remedy: give ${kinds.join(", ")}`, 400);
  }
  if (limits && file.size > limits.upload_bytes) {
    throw new Refusal(
      `${file.name}: the file is larger than ${limits.upload_bytes / 1e6} MB\n` +
      "  Remedy: give a shorter motion, or start the app with a larger --max-upload-mb", 413);
  }
}

function forget() {
  if (job) call("DELETE", `jobs/${job}`).catch(() => {});
  job = null;
  sent = { motion: null, model: null };
  sessionStorage.removeItem(RECALL);
}

async function bringFiles() {
  const chosen = { motion: $("motion").files[0] ?? null, model: $("model").files[0] ?? null };
  for (const role of ["motion", "model"]) {
    if (chosen[role]) checkFile(role, chosen[role]);
    if (sent[role] && !chosen[role]) forget(); // taken back by the user
  }
  if (job) await call("GET", `jobs/${job}`).catch(() => forget()); // deleted meanwhile?
  if (!job) {
    job = (await call("POST", "jobs")).id;
    sessionStorage.setItem(RECALL, job);
  }
  for (const role of ["motion", "model"]) {
    if (chosen[role] && sent[role] !== chosen[role]) await sendFile(role, chosen[role]);
  }
}

/** List the motions of a file that may hold several, as soon as it is chosen. */
async function lookInside() {
  const file = $("motion").files[0];
  $("trial-field").hidden = true;
  $("trial").replaceChildren();
  $("upload-state").textContent = "";
  placeholders(null, null);
  if (!file || !/\.(zip|b3d)$/i.test(file.name)) return;
  const mine = ++turn;
  clearResults();
  try {
    $("upload-state").textContent = "Looking what is in it …";
    await bringFiles();
    await call("POST", `jobs/${job}/inspect`);
    const told = await follow(mine);
    if (!told || mine !== turn) return;
    showEmpty();
    if (told.state !== "done") throw new Refusal(told.error ?? "cancelled", 400);
    const { trials, mass, height, has_model } = told.contents;
    trials.forEach((name, index) => $("trial").append(new Option(name, index)));
    $("trial-field").hidden = trials.length < 2;
    $("upload-state").textContent = `${trials.length} motion${trials.length === 1 ? "" : "s"}` + (has_model ? ", model included" : "");
    placeholders(mass, height);
  } catch (error) {
    if (mine !== turn) return;
    $("upload-state").textContent = "";
    showError(error);
  }
}

function placeholders(mass, height) {
  $("mass").placeholder = mass ? `${mass.toFixed(1)} in the file` : "of the model";
  $("height").placeholder = height ? `${height.toFixed(2)} in the file` : "of the model";
}

// Runs -----------------------------------------------------------------------------------------------------------

const picked = (name) => form.querySelector(`input[name="${name}"]:checked`)?.value ?? null;

function numberOf(id, what) {
  const text = $(id).value.trim().replace(",", ".");
  if ($(id).validity.badInput) throw new Refusal(`${what} is not a number`, 400);
  if (text === "") return null;
  const value = Number(text);
  if (!Number.isFinite(value)) throw new Refusal(`${what} '${text}' is not a number`, 400);
  return value;
}

function choices() {
  const task = picked("task");
  const asked = {
    task,
    surface: picked("surface"),
    belt_speed: picked("surface") === "treadmill" ? numberOf("belt", "the belt speed") : null,
    mass: numberOf("mass", "the mass"),
    height: numberOf("height", "the height"),
    trial: Number($("trial").value || 0),
  };
  if (task === "complete") asked.samples = numberOf("samples", "the number of samples") ?? 3;
  if (task === "sway") asked.sway = numberOf("sway", "the factor") ?? 2.5;
  if (task === "speed") {
    asked.speeds = $("speeds").value.split(/[\s;]+/).filter(Boolean).map((text) => {
      const value = Number(text.replace(",", "."));
      if (!Number.isFinite(value)) throw new Refusal(`speed '${text}' is not a number`, 400);
      return value;
    });
  }
  return asked;
}

async function run(asked, withFiles) {
  const mine = ++turn;
  clearResults();
  showProgress("Sending", null);
  $("results").scrollIntoView({ block: "start" });
  $("run").disabled = $("example").disabled = true;
  try {
    const order = asked();
    if (withFiles && !$("motion").files[0]) {
      throw new Refusal("no motion is given\n  Remedy: choose a motion file, or take the example walk", 400);
    }
    if (withFiles) await bringFiles();
    else if (!job) { job = (await call("POST", "jobs")).id; sessionStorage.setItem(RECALL, job); }
    await call("POST", `jobs/${job}/run`, order).catch(async (error) => {
      if (error.status !== 404 || withFiles) throw error;
      job = (await call("POST", "jobs")).id;
      sessionStorage.setItem(RECALL, job);
      return call("POST", `jobs/${job}/run`, order);
    });
    show(await follow(mine), mine);
  } catch (error) {
    if (mine === turn) showError(error);
  } finally {
    $("run").disabled = $("example").disabled = false;
  }
}

/** Ask how the run stands until it has ended; null where another run took its place. */
async function follow(mine) {
  const begun = Date.now();
  for (;;) {
    const told = await call("GET", `jobs/${job}`);
    if (mine !== turn) return null;
    if (!["waiting", "running"].includes(told.state)) return told;
    showProgress(inWords(told), told.fraction);
    await new Promise((resolve) => setTimeout(resolve, Date.now() - begun < 30000 ? QUICK : SLOW));
  }
}

function inWords(told) {
  if (told.state === "running") return told.stage || "Starting";
  if (!told.ready) return "The app is getting ready, a few seconds";
  if (told.ahead === 0) return "You are next";
  return told.ahead === 1 ? "One run before yours" : `${told.ahead} runs before yours`;
}

// Showing --------------------------------------------------------------------------------------------------------

function clearResults() {
  for (const id of ["empty", "progress", "error", "done"]) $(id).hidden = true;
}

function showEmpty() { clearResults(); $("empty").hidden = false; }

function showProgress(text, fraction) {
  $("progress").hidden = false;
  if ($("stage").textContent !== text) $("stage").textContent = text;
  if (fraction === null || fraction === undefined) $("bar").removeAttribute("value");
  else $("bar").value = fraction;
}

function showError(error) {
  clearResults();
  $("error").textContent = `Error: ${error.message}`;
  $("error").hidden = false;
}

function show(told, mine) {
  if (!told || mine !== turn) return;
  if (told.state === "failed") { showError(new Refusal(told.error, 400)); return; }
  if (told.state !== "done" || !told.result) { showEmpty(); return; }
  clearResults();
  const { headline, warnings, table, files } = told.result;
  const base = `api/jobs/${job}`;
  $("headline").textContent = headline;
  $("download").href = `${base}/results.zip`;
  showWarnings(warnings, !files.some((file) => file.kind === "report"));
  showTable(table);
  showReports(files.flatMap((file, index) => (file.kind === "report" ? [{ name: file.name, address: `${base}/reports/${index}?run=${mine}` }] : [])));
  $("pictures").replaceChildren(...files.flatMap((file, index) => (file.kind === "picture" ? [picture(file, `${base}/files/${index}?run=${mine}`)] : [])));
  $("files").querySelector("ul").replaceChildren(...files.map((file, index) => fileItem(file, `${base}/files/${index}`)));
  $("done").hidden = false;
  $("results").focus({ preventScroll: true });
}

/** Show the first page of a result, and let the user choose where there are several. */
function showReports(reports) {
  $("report").hidden = $("open-report").hidden = reports.length === 0;
  $("which-field").hidden = reports.length < 2;
  $("which").replaceChildren(...reports.map(({ name, address }) => new Option(name.replace(/_report\.html$/, ""), address)));
  if (reports.length) showReport();
}

function showReport() {
  $("report").src = $("open-report").href = $("which").value;
}

function element(tag, text, properties = {}) {
  const made = Object.assign(document.createElement(tag), properties);
  if (text !== undefined) made.textContent = text;
  return made;
}

/** List warnings, folded where the page of the result opens with them too. */
function showWarnings(warnings, open) {
  $("warnings").open = open;
  $("warnings").hidden = warnings.length === 0;
  $("warnings").querySelector("summary").textContent = warnings.length === 1 ? "One warning" : `${warnings.length} warnings`;
  $("warnings").querySelector("ul").replaceChildren(...warnings.map((text) => element("li", text)));
}

function showTable(rows) {
  const [headings, ...body] = rows;
  $("table").hidden = !headings;
  if (!headings) return;
  const head = element("thead"), line = element("tr"), rest = element("tbody");
  line.append(...headings.map((text) => element("th", text, { scope: "col" })));
  head.append(line);
  rest.append(...body.map(([label, ...cells]) => {
    const row = element("tr");
    row.append(element("th", label, { scope: "row" }), ...cells.map((text) => element("td", text)));
    return row;
  }));
  $("table").replaceChildren(head, rest);
}

function picture(file, address) {
  const figure = element("figure");
  figure.append(
    element("img", undefined, { src: address, alt: `Plot ${file.name}; its numbers are in the files of the result`, loading: "lazy" }),
    element("figcaption", file.name),
  );
  return figure;
}

function fileItem(file, address) {
  const item = element("li");
  item.append(element("a", file.name, { href: address, download: "" }), ` ${size(file.size)}`);
  return item;
}

const size = (bytes) => (bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

// The page's life ------------------------------------------------------------------------------------------------

function adapt() {
  $("belt-field").hidden = picked("surface") !== "treadmill";
  for (const field of form.querySelectorAll("[data-task]")) field.hidden = field.dataset.task !== picked("task");
}

function droppable(box, input) {
  const stop = (event) => { event.preventDefault(); };
  box.addEventListener("dragover", (event) => { stop(event); box.classList.add("over"); });
  box.addEventListener("dragleave", () => box.classList.remove("over"));
  box.addEventListener("drop", (event) => {
    stop(event);
    box.classList.remove("over");
    if (event.dataTransfer.files.length) {
      input.files = event.dataTransfer.files;
      input.dispatchEvent(new Event("change"));
    }
  });
}

async function begin() {
  form.addEventListener("submit", (event) => { event.preventDefault(); run(choices, true); });
  form.addEventListener("change", adapt);
  $("example").addEventListener("click", () => {
    // The example was walked over a floor; what else is chosen holds.
    run(() => ({ ...choices(), surface: "overground", belt_speed: null, mass: null, height: null, trial: 0, example: true }), false);
  });
  $("cancel").addEventListener("click", async () => {
    turn += 1;
    if (job) await call("POST", `jobs/${job}/cancel`).catch(() => {});
    showEmpty();
  });
  $("delete").addEventListener("click", () => {
    turn += 1;
    forget();
    form.reset();
    adapt();
    lookInside();
    showEmpty();
  });
  $("motion").addEventListener("change", lookInside);
  $("which").addEventListener("change", showReport);
  droppable($("motion-drop"), $("motion"));
  droppable($("model-drop"), $("model"));
  addEventListener("pagehide", () => { if (job) navigator.sendBeacon(`api/jobs/${job}/goodbye`); });
  setInterval(() => { if (job && !$("done").hidden) call("GET", `jobs/${job}`).catch(() => {}); }, KEEP_ALIVE);
  adapt();
  limits = await call("GET", "limits");
  $("version").textContent = limits.version;
  $("privacy").textContent = "Files stay on the machine that runs this app. They are deleted when you close this page, " +
    `or after ${limits.keep_minutes} minutes without it.`;
  await resume();
}

/** After a reload, show again what this tab had. */
async function resume() {
  job = sessionStorage.getItem(RECALL);
  if (!job) return;
  const mine = ++turn;
  try {
    const told = await call("GET", `jobs/${job}`);
    if (told.state === "open" || told.contents) return;
    clearResults();
    show(["waiting", "running"].includes(told.state) ? await follow(mine) : told, mine);
  } catch {
    job = null;
    sessionStorage.removeItem(RECALL);
    if (mine === turn) showEmpty();
  }
}

begin();
