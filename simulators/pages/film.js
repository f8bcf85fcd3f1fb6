// A run as a film: requests as dots on their way to two fleets, shares, alarms and events, minute by minute.
// Everything is drawn from `data`, sent once; playing asks nothing of the server.

const watched = new Map(); // run → the minute where its viewer was, for when the film is taken down and put up again
const SPEEDS = [0.5, 1, 3, 10]; // minutes a second
const SHORTEST_SECONDS = 9; // what a film should last at the speed it begins with
const FLIGHT_SECONDS = 1.3;

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".film");
  if (!root || !data) return;
  const film = root._film ?? (root._film = create(root));
  film.show(data);
  return () => film.close();
}

function create(root) {
  const find = (name) => root.querySelector("." + name);
  const [play, at, clock, speed, stage, lines, events, now, legend] =
    ["play", "at", "clock", "speed", "stage", "lines", "events", "now", "legend"].map(find);
  let data = null, time = 0, playing = false, waiting = false, frame = 0, before = 0;

  const rate = () => SPEEDS[Number(speed.value)];
  const go = (minute) => {
    time = Math.min(Math.max(minute, 0), data.until);
    watched.set(data.run, time);
    draw();
  };
  const pause = () => { playing = false; cancelAnimationFrame(frame); draw(); };
  const start = () => {
    inView.disconnect();
    waiting = false;
    if (time >= data.until) time = 0;
    playing = true;
    before = performance.now();
    frame = requestAnimationFrame(tick);
  };
  const tick = (moment) => {
    const passed = Math.min((moment - before) / 1000, 0.25);
    before = moment;
    go(time + passed * rate());
    if (time >= data.until) pause();
    else if (playing) frame = requestAnimationFrame(tick);
  };
  play.onclick = () => (playing ? pause() : start());
  const step = (way) => {
    pause();
    go((way < 0 ? Math.ceil(time - 1e-6) : Math.floor(time + 1e-6)) + way * data.stride);
  };
  const keys = {
    ArrowLeft: () => step(-1), ArrowDown: () => step(-1), ArrowRight: () => step(1), ArrowUp: () => step(1),
    Home: () => { pause(); go(0); }, End: () => { pause(); go(data.until); },
  };
  find("back").onclick = () => step(-1);
  find("on").onclick = () => step(1);
  at.onkeydown = (event) => {
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  };
  at.oninput = () => { pause(); go(Number(at.value)); };
  speed.onchange = () => draw();
  const seek = (event) => {
    const box = lines.getBoundingClientRect();
    go(((event.clientX - box.left - MARGIN) / (box.width - MARGIN - EDGE)) * data.until);
  };
  lines.onpointerdown = (event) => { pause(); lines.setPointerCapture(event.pointerId); seek(event); };
  lines.onpointermove = (event) => { if (lines.hasPointerCapture(event.pointerId)) seek(event); };
  const sized = new ResizeObserver(() => data && draw());
  sized.observe(root);
  // A film that begins by itself begins when somebody can see it.
  const inView = new IntersectionObserver(([seen]) => {
    if (!seen.isIntersecting || !waiting) return;
    waiting = false;
    start();
  }, { threshold: 0.6 });

  function draw() {
    const look = colours(root, data);
    play.textContent = playing ? "Pause" : time >= data.until ? "Play again" : "Play";
    at.value = String(time);
    at.setAttribute("aria-valuetext", `minute ${Math.round(time)}`);
    clock.textContent = `minute ${Math.floor(time + 1e-6)}`;
    tell(now, time, data);
    log(events, time, data);
    drawStage(stage, data, look, time, FLIGHT_SECONDS * rate());
    drawLines(lines, data, look, time);
  }

  function show(given) {
    const isNew = !data || data.run !== given.run;
    data = given;
    if (isNew) {
      cancelAnimationFrame(frame);
      inView.disconnect();
      playing = false;
      at.max = String(data.until);
      fill(root, now, legend, events, data);
      const known = watched.get(data.run);
      const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
      waiting = known === undefined && data.autoplay && !still;
      time = known ?? (waiting ? 0 : data.until);
      const fitting = SPEEDS.filter((each) => data.until / each >= SHORTEST_SECONDS);
      speed.value = String(Math.max(fitting.length - 1, 0));
      if (waiting) inView.observe(stage);
    }
    draw();
  }

  return { show, close: () => { cancelAnimationFrame(frame); sized.disconnect(); inView.disconnect(); } };
}

// --- words ---------------------------------------------------------------------------------------------------------

const add = (parent, name, text = "", style = "") => {
  const element = document.createElement(name);
  element.textContent = text;
  if (style) element.className = style;
  parent.append(element);
  return element;
};

function fill(root, now, legend, events, data) {
  root.style.setProperty("--bad", data.colours.bad);
  now.replaceChildren();
  for (const name of [data.names.share, "Instances", data.names.hurt, ...data.alarms.map((alarm) => alarm.title)]) {
    const cell = add(now, "div");
    add(cell, "dt", name);
    add(cell, "dd");
  }
  legend.replaceChildren();
  for (const [mark, colour, text] of [
    ["●", data.colours.old, data.names.dots_old],
    ["●", data.colours.new, data.names.dots_new],
    ["◆", data.colours.late, "wrong or late"],
    ["▼", data.colours.other, "4XX: bad request"],
    ["✕", data.colours.bad, "5XX: server error"],
    ["", "", data.scale],
  ]) {
    const item = add(legend, "li");
    if (mark) add(item, "i", mark).style.color = colour;
    item.append(text);
  }
  events.replaceChildren();
  events.hidden = !data.events.length;
  for (const [minute, fleet, status, message] of data.events) {
    const item = add(events, "li");
    add(item, "time", `${Math.floor(minute)}:${String(Math.round((minute % 1) * 60)).padStart(2, "0")}`);
    const line = add(item, "span");
    const who = add(line, "b", [fleet, status].filter(Boolean).join(" "));
    who.style.setProperty("--fleet", { blue: data.colours.old, green: data.colours.new }[fleet] ?? "");
    line.append(`: ${message}`);
  }
}

function tell(now, time, data) {
  const [, share, old, fresh] = stepAt(data, time);
  const past = Math.max(minutesPast(data, time) - 1, 0); // what a minute brought is known at its end
  const cells = now.children;
  const say = (number, text) => { cells[number].lastChild.textContent = text; };
  say(0, `${share.toFixed(0)} %`);
  say(1, data.names.instances.replace("{old}", old).replace("{new}", fresh));
  say(2, (time < data.minute[0] ? 0 : data.hurt[past]).toLocaleString("en"));
  data.alarms.forEach((alarm, number) => {
    const state = data.states[alarm.states[past]];
    say(3 + number, state === "INSUFFICIENT_DATA" ? "no data" : state);
    cells[3 + number].classList.toggle("is-alarm", state === "ALARM");
  });
}

function log(events, time, data) {
  const told = data.events.filter(([minute]) => minute <= time + 1e-6).length;
  if (events._told === told && events._run === data.run) return;
  Object.assign(events, { _told: told, _run: data.run });
  [...events.children].forEach((item, number) => {
    item.className = number >= told ? "later" : number === told - 1 ? "latest" : "";
  });
  const latest = events.children[told - 1];
  events.scrollTop = latest ? latest.offsetTop - events.offsetTop - events.clientHeight + latest.offsetHeight + 8 : 0;
}

// --- pictures --------------------------------------------------------------------------------------------------------

const MARGIN = 46, EDGE = 8;

function lowest(sorted, value) { // the first position whose value is not below `value`
  let low = 0, high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value - 1e-9) low = middle + 1;
    else high = middle;
  }
  return low;
}

const minutesPast = (data, time) => lowest(data.minute, time + 2e-9);

function stepAt(data, time) {
  let found = data.steps[0];
  for (const step of data.steps) if (step[0] <= time + 1e-9) found = step;
  return found;
}

function colours(root, data) {
  const style = getComputedStyle(root);
  const get = (name) => style.getPropertyValue(name).trim();
  return { ...data.colours, text: style.color, line: get("--st-border-color"), soft: get("--st-secondary-background-color"),
    font: `13px ${style.fontFamily}` };
}

function canvas(element, height) {
  const width = element.clientWidth, sharp = window.devicePixelRatio || 1;
  element.style.height = `${height}px`;
  if (element.width !== Math.round(width * sharp) || element.height !== Math.round(height * sharp)) {
    element.width = Math.round(width * sharp);
    element.height = Math.round(height * sharp);
  }
  const pen = element.getContext("2d");
  pen.setTransform(sharp, 0, 0, sharp, 0, 0);
  pen.clearRect(0, 0, width, height);
  return [pen, width];
}

function drawStage(element, data, look, time, flight) {
  const height = 176, lane = height / 2;
  const [pen, width] = canvas(element, height);
  if (!width) return;
  const narrow = width < 520;
  const fleetWidth = narrow ? 118 : 210, left = 6, right = width - fleetWidth - 14;
  const [, share, old, fresh] = stepAt(data, time);
  const running = [old, fresh], serving = Math.round((share / 100) * data.total);
  const active = data.all_active ? running : [data.total - serving, serving];
  pen.font = look.font;
  ["old", "new"].forEach((fleet, row) => {
    const top = row * lane + 3, x = width - fleetWidth;
    pen.fillStyle = look.soft;
    pen.beginPath();
    pen.roundRect(x, top, fleetWidth, lane - 6, 8);
    pen.fill();
    pen.fillStyle = look.text;
    pen.textBaseline = "top";
    pen.fillText(data.names[fleet], x + 10, top + 8);
    squares(pen, look, look[fleet], x + 10, top + 30, fleetWidth - 20, lane - 44, data.total, running[row], active[row]);
  });
  pen.fillStyle = look.text;
  pen.textBaseline = "middle";
  if (!narrow) pen.fillText("requests", left, lane);
  const from = narrow ? left + 4 : left + 62;
  const begin = lowest(data.dots.minute, time - 2 * flight), end = lowest(data.dots.minute, time + 1e-6);
  for (let i = begin; i < end; i++) {
    const age = (time - data.dots.minute[i]) / flight, isNew = data.dots.fleet[i] === "1";
    const spread = scatter(i) - 0.5;
    const goal = (isNew ? 1.5 : 0.5) * lane + spread * (lane - 34);
    const turn = smooth(Math.min(age / 0.55, 1));
    const x = from + (right - from) * Math.min(age, 1), y = lane + spread * 18 + (goal - lane - spread * 18) * turn;
    if (age < 1) mark(pen, 0, x, y, isNew ? look.new : look.old, 1);
    else if (data.dots.outcome[i] !== "0") {
      const outcome = Number(data.dots.outcome[i]);
      const colour = [null, look.late, look.other, look.bad][outcome];
      mark(pen, outcome, x, y, colour, Math.min(1, 2.2 * (2 - age)));
    }
  }
}

const scatter = (number) => { // a number between 0 and 1 that looks random, the same each time
  const far = Math.sin(number * 12.9898 + 4.1) * 43758.5453;
  return far - Math.floor(far);
};
const smooth = (share) => share * share * (3 - 2 * share);

function squares(pen, look, colour, x, y, width, height, total, running, serving) {
  let columns = total, size = 0;
  for (let rows = 1; rows <= total; rows++) {
    const wide = Math.ceil(total / rows), fits = Math.min(Math.floor(width / wide), Math.floor(height / rows), 20);
    if (fits > size) [columns, size] = [wide, fits];
  }
  const gap = size > 7 ? 3 : 1;
  for (let i = 0; i < total; i++) {
    const left = x + (i % columns) * size, top = y + Math.floor(i / columns) * size, side = size - gap;
    pen.globalAlpha = 1;
    pen.lineWidth = 1.5;
    if (i < serving) { pen.fillStyle = colour; pen.fillRect(left, top, side, side); }
    else if (i < running) { pen.strokeStyle = colour; pen.strokeRect(left + 0.75, top + 0.75, side - 1.5, side - 1.5); }
    else { pen.fillStyle = look.line; pen.fillRect(left + side / 2 - 1, top + side / 2 - 1, 2, 2); }
  }
}

function mark(pen, outcome, x, y, colour, strength) {
  pen.globalAlpha = strength;
  pen.fillStyle = pen.strokeStyle = colour;
  pen.beginPath();
  if (outcome === 0) pen.arc(x, y, 4, 0, 2 * Math.PI);
  else if (outcome === 1) { pen.moveTo(x, y - 7); pen.lineTo(x + 7, y); pen.lineTo(x, y + 7); pen.lineTo(x - 7, y); }
  else if (outcome === 2) { pen.moveTo(x - 6, y - 5); pen.lineTo(x + 6, y - 5); pen.lineTo(x, y + 6); }
  else {
    pen.lineWidth = 3;
    pen.moveTo(x - 5, y - 5); pen.lineTo(x + 5, y + 5); pen.moveTo(x + 5, y - 5); pen.lineTo(x - 5, y + 5);
    pen.stroke();
  }
  if (outcome !== 3) pen.fill();
  pen.globalAlpha = 1;
}

function drawLines(element, data, look, time) {
  const strip = 74, alarmStrip = 96, foot = 22;
  const height = strip + alarmStrip * data.alarms.length + foot;
  const [pen, width] = canvas(element, height);
  if (!width) return;
  const x = (minute) => MARGIN + (minute / data.until) * (width - MARGIN - EDGE);
  const count = minutesPast(data, time);
  pen.font = look.font;
  const panel = (top, size, title, high, label) => {
    const y = (value) => top + 22 + (size - 34) * (1 - value / high);
    pen.fillStyle = look.text;
    pen.textAlign = "left";
    pen.textBaseline = "top";
    pen.fillText(title, MARGIN, top + 2, width - MARGIN - EDGE);
    pen.textAlign = "right";
    pen.textBaseline = "middle";
    pen.fillText(label, MARGIN - 6, y(high));
    pen.fillText("0", MARGIN - 6, y(0));
    for (const [begin, end] of data.bakes) {
      if (begin >= time) continue;
      pen.fillStyle = look.bake;
      pen.fillRect(x(begin), y(high), x(Math.min(end, time)) - x(begin), y(0) - y(high));
    }
    pen.strokeStyle = look.line;
    pen.lineWidth = 1;
    pen.strokeRect(MARGIN, y(high), width - MARGIN - EDGE, y(0) - y(high));
    return y;
  };

  const y = panel(0, strip, data.names.share_line, 100, "100 %");
  pen.strokeStyle = look.new;
  pen.lineWidth = 2.5;
  pen.beginPath();
  pen.moveTo(x(0), y(data.steps[0][1]));
  data.steps.forEach(([minute, share], number) => {
    if (minute > time) return;
    const next = data.steps[number + 1]?.[0] ?? data.until;
    pen.lineTo(x(minute), y(share));
    pen.lineTo(x(Math.min(next, time)), y(share));
  });
  pen.stroke();

  data.alarms.forEach((alarm, number) => {
    const top = strip + number * alarmStrip;
    const line = panel(top, alarmStrip - 10, alarm.rule, alarm.top, alarm.label);
    pen.strokeStyle = look.bad;
    pen.setLineDash([5, 4]);
    pen.lineWidth = 1.5;
    pen.beginPath();
    pen.moveTo(x(0), line(alarm.threshold));
    pen.lineTo(x(data.until), line(alarm.threshold));
    pen.stroke();
    pen.setLineDash([]);
    pen.strokeStyle = look.old;
    pen.lineWidth = 2;
    pen.beginPath();
    let drawing = false;
    for (let i = 0; i < count; i++) {
      const value = alarm.values[i];
      if (value === null) { drawing = false; continue; }
      pen[drawing ? "lineTo" : "moveTo"](x(data.minute[i]), line(value));
      drawing = true;
    }
    pen.stroke();
    pen.fillStyle = look.old;
    for (let i = 0; i < count && data.minute.length <= 90; i++) {
      if (alarm.values[i] !== null) pen.fillRect(x(data.minute[i]) - 2, line(alarm.values[i]) - 2, 4, 4);
    }
    // The state of each minute: a thick band for ALARM, a thin line for OK, nothing while there is no data.
    for (let i = 0; i < count; i++) {
      const state = data.states[alarm.states[i]], begin = i ? data.minute[i - 1] : 0;
      if (state === "INSUFFICIENT_DATA") continue;
      const thick = state === "ALARM";
      pen.fillStyle = thick ? look.bad : look.other;
      pen.fillRect(x(begin), line(0) + (thick ? 3 : 5), x(data.minute[i]) - x(begin) + 0.5, thick ? 7 : 3);
    }
  });

  pen.strokeStyle = look.text;
  pen.lineWidth = 1;
  pen.beginPath();
  pen.moveTo(x(time), 22);
  pen.lineTo(x(time), height - foot);
  pen.stroke();
  pen.fillStyle = look.text;
  pen.textBaseline = "bottom";
  const step = [1, 2, 5, 10, 20, 30, 60, 120].find((each) => data.until / each <= (width < 520 ? 5 : 9)) ?? 240;
  for (let minute = 0; minute <= data.until; minute += step) {
    pen.textAlign = minute === 0 ? "left" : minute > data.until - step / 3 ? "right" : "center";
    pen.fillText(minute === 0 ? "minute 0" : String(minute), x(minute), height - 2);
  }
  pen.textAlign = "left";
}
