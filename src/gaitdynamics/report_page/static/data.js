// What the page carries: compressed text becomes arrays and libraries.

async function inflated(id) {
  const element = document.getElementById(id);
  const text = atob(element.textContent);
  element.textContent = "";
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// The layout is that of gaitdynamics.report_page.packing.
async function readData() {
  const bytes = await inflated("packed-data");
  const size = new DataView(bytes.buffer).getUint32(0, true);
  const facts = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + size)));
  const begin = Math.ceil((4 + size) / 8) * 8;
  const kinds = { f4: Float32Array, i2: Int16Array, u4: Uint32Array, u1: Uint8Array };
  const arrays = {};
  for (const [name, place] of Object.entries(facts.arrays)) {
    const count = place.shape.reduce((product, n) => product * n, 1);
    arrays[name] = new kinds[place.kind](bytes.buffer, begin + place.start, count);
  }
  return { facts, arrays };
}

// Run a library and give what it exports: by the global name it sets, or by its call of define().
async function loadLibrary(id, globalName) {
  let exported = null;
  if (!globalName) window.define = (name, needs, make) => { exported = make(); };
  const script = document.createElement("script");
  script.textContent = new TextDecoder().decode(await inflated(id));
  document.head.append(script);
  delete window.define;
  const library = globalName ? window[globalName] : exported;
  if (!library) throw new Error(`the library in ${id} did not start`);
  return library;
}

// Index of the last of the sorted `times` that is not after `t`; -1 where all are.
function lastBefore(times, t) {
  let low = 0, high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] <= t) low = middle + 1; else high = middle;
  }
  return low - 1;
}
