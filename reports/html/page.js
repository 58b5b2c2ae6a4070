// The page's script. All that it shows is in the page without it; it adds the
// replay of a picture, a filter, arrow keys in the matrix, and the choice of
// light or dark.
(() => {
  "use strict";

  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

  // An element with attributes and children; text is text.
  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  function plural(count, unit) {
    return `${count.toLocaleString("en")} ${unit}${count === 1 ? "" : unit.endsWith("s") ? "es" : "s"}`;
  }

  // Light and dark.

  function keep(name, value) {
    try { localStorage.setItem(name, value); } catch { /* a page without storage */ }
  }

  function kept(name) {
    try { return localStorage.getItem(name); } catch { return null; }
  }

  function isDark() {
    const theme = document.documentElement.dataset.theme;
    return theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  }

  function addThemeButton(tools) {
    const button = make("button", { type: "button", id: "theme" });
    const label = () => { button.textContent = isDark() ? "☀ Light" : "☾ Dark"; };
    const theme = kept("storescope-theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
    button.addEventListener("click", () => {
      document.documentElement.dataset.theme = isDark() ? "light" : "dark";
      keep("storescope-theme", document.documentElement.dataset.theme);
      label();
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", label);
    label();
    tools.append(button);
  }

  // The matrix: one stop of the tab key, arrows within.

  function cells() {
    return $$("#matrix tbody tr").filter((row) => !row.hidden).map((row) => $$("a", row));
  }

  function addArrows(table) {
    let current = null;
    const take = (link) => {
      if (current) current.tabIndex = -1;
      current = link;
      current.tabIndex = 0;
    };
    $$("tbody a", table).forEach((link) => { link.tabIndex = -1; });
    const first = $("tbody a", table);
    if (first) take(first);
    // What a cell says in full is in its backend's section.
    const tell = (event) => {
      const link = event.target.closest("td a");
      const row = link && document.getElementById(link.hash.slice(1))?.closest("tr");
      if (row && !link.title.includes(":"))
        link.title = `${row.cells[1].textContent}: ${row.cells[2].textContent}`;
    };
    table.addEventListener("pointerover", tell);
    table.addEventListener("focusin", tell);
    table.addEventListener("focusin", (event) => {
      if (event.target.matches("tbody a")) take(event.target);
    });
    table.addEventListener("keydown", (event) => {
      const grid = cells();
      const y = grid.findIndex((row) => row.includes(event.target));
      if (y < 0) return;
      const x = grid[y].indexOf(event.target);
      const to = {
        ArrowLeft: [y, x - 1], ArrowRight: [y, x + 1], ArrowUp: [y - 1, x], ArrowDown: [y + 1, x],
        Home: [y, 0], End: [y, grid[y].length - 1],
      }[event.key];
      if (!to) return;
      event.preventDefault();
      const next = grid[to[0]]?.[to[1]];
      if (next) next.focus();
    });
  }

  function addFilter(tools, table) {
    const input = make("input", {
      type: "search", id: "filter", placeholder: "Filter backends", "aria-label": "Filter backends by name",
    });
    const sections = $$("details.backend");
    const rows = $$("tbody tr", table);
    const none = make("p", { class: "only", role: "status" });
    none.hidden = true;
    table.parentElement.after(none);
    input.addEventListener("input", () => {
      const want = input.value.trim().toLowerCase();
      rows.forEach((row, i) => {
        const hide = !$("th", row).textContent.toLowerCase().includes(want);
        row.hidden = hide;
        if (sections[i]) sections[i].hidden = hide;
      });
      none.hidden = rows.some((row) => !row.hidden);
      none.textContent = `No backend's name has “${input.value.trim()}” in it.`;
    });
    tools.append(input);
  }

  // A cell leads to its backend, where what its contract has nothing against is
  // folded away.

  function showOnly(backend, contract) {
    const name = contract ? $("th", contract).textContent : "";
    $(".only", backend)?.remove();
    $$(".verdicts tr", backend).forEach((row) => row.classList.toggle("here", row === contract));
    let hidden = 0;
    for (const article of $$("article.case", backend)) {
      let shown = 0;
      for (const finding of $$(".finding", article)) {
        let has = false;
        for (const share of $$(".share", finding)) {
          const mine = !name || $$("i", share).some((contract) => contract.textContent === name);
          share.hidden = !mine;
          has ||= mine;
        }
        finding.hidden = !has;
        shown += has;
        hidden += !has;
      }
      article.hidden = shown === 0;
    }
    if (!hidden) return;
    const all = make("button", { type: "button" }, "Show all");
    all.addEventListener("click", () => { showOnly(backend, null); $(".verdicts", backend).scrollIntoView(); });
    const bar = make("p", { class: "only" }, `Findings under ${name} alone; ${hidden} more under others.`, all);
    $(".verdicts", backend).after(bar);
  }

  function goToHash() {
    const id = decodeURIComponent(location.hash.slice(1));
    const named = id ? document.getElementById(id) : null;
    const backend = named?.closest("details.backend");
    if (!backend) return;
    // Names stand in the row of a verdict, and in the line that unfolds a backend.
    const target = named.closest(".verdicts tr")
      ?? (named.closest("summary")?.parentElement === backend ? backend : named);
    backend.open = true;
    for (let part = target.closest("details"); part !== backend; part = part.parentElement.closest("details")) part.open = true;
    if (target.matches(".verdicts tr")) showOnly(backend, target);
    else if (target === backend || target.hidden) showOnly(backend, null);
    if (target !== backend) target.tabIndex = -1; // may have the focus, but is no stop
    (target === backend ? $("summary", backend) : target).focus({ preventScroll: true });
    target.scrollIntoView({ block: target.matches(".verdicts tr") ? "center" : "start" });
  }

  // What is folded prints, too, and is folded again after it.
  function printWhole() {
    let folded = [];
    addEventListener("beforeprint", () => {
      folded = $$("details:not([open])");
      folded.forEach((part) => { part.open = true; });
    });
    addEventListener("afterprint", () => { folded.forEach((part) => { part.open = false; }); });
  }

  // Copying a command.

  function addCopyButton(line) {
    const button = make("button", { type: "button", "aria-label": "Copy the command" }, "copy");
    button.addEventListener("click", async () => {
      const code = $("code", line);
      try {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = "copied";
      } catch {
        getSelection().selectAllChildren(code);
        button.textContent = "selected";
      }
      setTimeout(() => { button.textContent = "copy"; }, 1500);
    });
    line.append(button);
  }

  // Replay.

  const CLASSES = {
    S: "scalar", V: "vector", M: "masked", R: "string", N: "non-temporal", A: "atomic", F: "fence", L: "flush",
  };
  const KINDS = { ld: "load", fe: "fence", fl: "flush" };
  const MARKS = {
    again: "stores bytes again", tears: "leaves an aligned element half written",
    backwards: "lies below the one before it", outside: "lies outside",
  };
  const CELLS_MAX = 512;

  // A picture's drawings may be other pictures', too: this one gets its own.
  function ownLayers(picture) {
    for (const layer of [...picture.children]) {
      const drawing = layer.matches("use") ? $(layer.getAttribute("href")) : layer;
      const own = drawing.cloneNode(true);
      own.removeAttribute("id");
      layer.replaceWith(own);
      if (drawing === layer) $("svg.defs > defs").append(drawing);
    }
    return [...picture.children];
  }

  // What a row of a picture, and its instruction, say of the access.
  function readRow(row, text) {
    const [number, letter] = $(".no", row).textContent.split(" ");
    const kind = KINDS[row.classList[1]] ?? "store";
    const [, region, lo, hi] = /^(?:(\w+) )?(-?\d+)(?:\.\.(-?\d+))?$/.exec($(".rg", row)?.textContent ?? "") ?? [];
    const mask = row.dataset.mask;
    return {
      row, text, kind, number: Number(number), group: CLASSES[letter],
      region: lo === undefined ? "other" : region ?? (kind === "load" ? "src" : "dst"),
      lo: Number(lo ?? 0), bytes: lo === undefined ? 0 : Number(hi ?? lo) - Number(lo) + 1,
      mask: mask === undefined ? null : BigInt(`0x${mask}`),
      marks: $(".mk", text)?.textContent.split(", ") ?? [],
      instruction: text.firstChild.textContent,
    };
  }

  function touches(step, at) {
    if (at < step.lo || at >= step.lo + step.bytes) return false;
    return step.mask === null || (step.mask >> BigInt(at - step.lo)) % 2n === 1n;
  }

  function isStore(step) {
    return step.kind === "store" && step.region === "dst";
  }

  function most(times, lo, hi) {
    let max = 0;
    for (let at = lo; at < hi; at++) max = Math.max(max, times[at]);
    return max;
  }

  // The recording, read off its picture, and what it has done to memory after so
  // many of its steps.
  class Replay {
    constructor(picture, size) {
      const [bars, texts] = ownLayers(picture).map((layer) => [...layer.children]);
      const instructions = texts.filter((text) => text.matches("text"));
      this.size = size;
      this.steps = bars.filter((row) => row.matches("g.r")).map((row, i) => readRow(row, instructions[i]));
      // The middle of a long recording is one step.
      const middle = $("[data-middle]", picture);
      if (middle) {
        const [before, hidden, ...runs] = middle.dataset.middle.split(",").map(Number);
        const step = { middle: [], number: before + 1, last: before + hidden };
        for (let i = 0; i < runs.length; i += 3) step.middle.push(runs.slice(i, i + 3));
        this.steps.splice(before, 0, step);
      }
    }

    // Per byte of the destination, how often it has been stored.
    times(count) {
      const times = new Uint32Array(this.size);
      for (const step of this.steps.slice(0, count)) {
        if (step.middle) {
          for (const [lo, hi, n] of step.middle)
            for (let at = lo; at < hi; at++) times[at] += n;
        } else if (isStore(step)) {
          for (let at = Math.max(step.lo, 0); at < Math.min(step.lo + step.bytes, this.size); at++)
            if (touches(step, at)) times[at]++;
        }
      }
      return times;
    }

    // The numbers of the accesses that have stored any of the bytes lo to hi-1.
    by(count, lo, hi) {
      const found = [];
      for (const step of this.steps.slice(0, count)) {
        if (step.middle) {
          const runs = step.middle.filter((run) => run[0] < hi && run[1] > lo);
          if (runs.length) found.push(`some of ${step.number} to ${step.last}`);
        } else if (isStore(step)) {
          for (let at = Math.max(lo, step.lo); at < Math.min(hi, step.lo + step.bytes); at++)
            if (touches(step, at)) {
              found.push(`${step.number}`);
              break;
            }
        }
      }
      return found;
    }

    isDone(count, number) {
      return number <= (this.numberAt(count) ?? 0);
    }

    // Of the access that was the last of so many steps.
    numberAt(count) {
      const step = this.steps[count - 1];
      return step?.last ?? step?.number;
    }

    describe(index) {
      if (index === 0) return ["Before the first access. Move the slider, or press the right arrow key."];
      const step = this.steps[index - 1];
      if (step.middle) return [`Accesses ${step.number} to ${step.last}, the middle of the recording, at once.`];
      const { kind, region, lo, bytes } = step;
      const where = { dst: "destination", src: "source", other: "other memory" }[region] ?? region;
      const range = kind === "fence" ? "" : region === "other" ? `, ${where}`
        : `, ${where} ${bytes === 1 ? lo : `${lo}..${lo + bytes - 1}`} (${plural(bytes, "byte")})`;
      const words = step.marks.map((mark) => (kind === "load" && mark === "again" ? "loads bytes again" : MARKS[mark]));
      const what = step.group === kind ? kind : `${step.group} ${kind}`;
      return [`${step.number}: ${what}${range}: `, make("code", {}, step.instruction),
        words.length ? ` – ${words.join(", ")}` : ""];
    }
  }

  // The shadow memory: a cell a byte, or several bytes where there are many.
  class Memory {
    constructor(replay) {
      const size = replay.size;
      this.replay = replay;
      this.size = size;
      this.unit = 1;
      while (size / this.unit > CELLS_MAX) this.unit *= 2;
      this.count = Math.ceil(size / this.unit);
      this.columns = this.count <= 8 ? 8 : 16;
      if (this.count > 128) this.columns = 32;
      if (matchMedia("(max-width: 40rem)").matches) this.columns = Math.min(this.columns, 16);
      this.who = make("p", { class: "who", "aria-live": "polite" });
      this.cells = [];
      this.element = make("div", {
        class: "mem", role: "group", tabindex: "0",
        "aria-label": "Shadow memory: how often each byte of the destination was stored. Arrow keys choose a byte.",
      });
      this.element.style.setProperty("--n", this.columns);
      for (let i = 0; i < this.count; i++) {
        if (i % this.columns === 0) this.element.append(make("span", { class: "at" }, `${i * this.unit}`));
        const cell = make("span", { class: "c" }, "0");
        cell.addEventListener("click", () => this.pick(i));
        cell.addEventListener("pointerenter", () => this.pick(i));
        this.cells.push(cell);
        this.element.append(cell);
      }
      this.picked = 0;
      this.element.addEventListener("keydown", (event) => {
        const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: this.columns, ArrowUp: -this.columns }[event.key];
        if (by === undefined) return;
        event.preventDefault();
        this.pick(Math.min(Math.max(this.picked + by, 0), this.count - 1));
      });
    }

    pick(index) {
      this.cells[this.picked]?.classList.remove("pick");
      this.picked = index;
      this.cells[index]?.classList.add("pick");
      this.tell();
    }

    tell() {
      if (!this.times || !this.count) return;
      const lo = this.picked * this.unit, hi = Math.min(lo + this.unit, this.size);
      const max = most(this.times, lo, hi), by = this.replay.by(this.shown, lo, hi);
      const where = hi - lo === 1 ? `Byte ${lo}` : `Bytes ${lo} to ${hi - 1}`;
      this.who.textContent = !max ? `${where}: not stored yet.`
        : `${where}: stored ${hi - lo > 1 ? "up to " : ""}${max === 1 ? "once" : max === 2 ? "twice" : `${max} times`}, `
          + `by access ${by.slice(0, 12).join(", ")}${by.length > 12 ? ", …" : ""}.`;
    }

    show(count, now) {
      this.shown = count;
      this.times = this.replay.times(count);
      this.cells.forEach((cell, i) => {
        const lo = i * this.unit, hi = Math.min(lo + this.unit, this.size);
        const times = most(this.times, lo, hi);
        let here = false;
        for (let at = lo; at < hi && !here; at++) here = now !== null && touches(now, at);
        cell.textContent = times;
        cell.className = `c${times === 0 ? "" : times === 1 ? " w1" : " w2"}${here ? " now" : ""}`
          + (i === this.picked && cell.classList.contains("pick") ? " pick" : "");
      });
      this.tell();
    }
  }

  // A story, read off its list: pieces of the recording's accesses, and what somebody who
  // looks does between them. Like a Replay of what it says has been done by then.
  class Story {
    constructor(list, replay) {
      this.items = [...list.children];
      this.size = replay.size;
      this.steps = this.items.map((item) => this.read(item.textContent, replay));
    }

    // "store 2 (mov byte ptr [rdi], cl) writes byte 0 again"
    read(text, replay) {
      const [, kind, nth, instruction, lo, hi] =
        /^(store|load) (\d+) \((.*)\)(?:, in part,)? (?:writes|reads) bytes? (-?\d+)(?:\.\.(-?\d+))?/.exec(text) ?? [];
      if (!kind) return { text };
      const region = kind === "store" ? "dst" : "src";
      const row = replay.steps.filter((step) => step.kind === kind && step.region === region)[nth - 1];
      return {
        text, kind, region, lo: Number(lo), bytes: Number(hi ?? lo) - Number(lo) + 1, mask: null,
        number: row?.instruction === instruction ? row.number : undefined,
      };
    }

    times(count) {
      const times = new Uint32Array(this.size);
      for (const step of this.steps.slice(0, count).filter(isStore))
        for (let at = Math.max(step.lo, 0); at < Math.min(step.lo + step.bytes, this.size); at++) times[at]++;
      return times;
    }

    by(count, lo, hi) {
      return this.steps.slice(0, count).filter((step) => isStore(step) && step.lo < hi && step.lo + step.bytes > lo)
        .map((step) => `${step.number ?? "?"}`);
    }

    isDone(count, number) {
      return this.steps.slice(0, count).some((step) => step.number === number);
    }

    numberAt(count) {
      return this.steps[count - 1]?.number;
    }

    describe(count) {
      if (count === 0) return ["Before the story. Move its slider, or press the right arrow key."];
      return [`${count}: ${this.steps[count - 1].text}`];
    }
  }

  // A slider over LAST steps with its buttons. SHOW is called with how many are done, also
  // by the slider of another, which then stops.
  function makePlayer(last, at, names, show) {
    const slider = make("input", {
      type: "range", min: "0", max: `${last}`, value: `${at}`, step: "1", "aria-label": names.slider,
    });
    const play = make("button", { type: "button" });
    const back = make("button", { type: "button", "aria-label": `One ${names.step} back` }, "‹");
    const on = make("button", { type: "button", "aria-label": `One ${names.step} on` }, "›");
    let timer = 0;
    const stop = () => {
      clearInterval(timer);
      timer = 0;
      play.textContent = names.play;
    };
    const update = () => {
      slider.setAttribute("aria-valuetext", show(Number(slider.value)));
    };
    const move = (by) => {
      stop();
      slider.value = `${Number(slider.value) + by}`;
      update();
    };
    slider.addEventListener("input", () => { stop(); update(); });
    back.addEventListener("click", () => move(-1));
    on.addEventListener("click", () => move(1));
    play.addEventListener("click", () => {
      if (timer) { stop(); return; }
      if (Number(slider.value) >= last) slider.value = "0";
      play.textContent = "❚❚ Pause";
      update();
      timer = setInterval(() => {
        slider.value = `${Number(slider.value) + 1}`;
        update();
        if (Number(slider.value) >= last) stop();
      }, names.pace);
    });
    stop();
    if (last === 0) slider.disabled = play.disabled = true;
    return { element: make("div", { class: "bar" }, play, back, slider, on), stop, update };
  }

  // A case's picture and its shadow memory, as they are after so many steps of a recording
  // or a story.
  class Stage {
    constructor(picture, replay) {
      this.picture = picture;
      this.rows = replay.steps.filter((step) => step.row);
      this.memory = new Memory(replay);
      this.band = document.createElementNS("http://www.w3.org/2000/svg", "rect");
      this.band.setAttribute("class", "hit");
    }

    // Behind the row of the access at hand.
    putBand(row) {
      const y = Number($(".no", row).getAttribute("y"));
      for (const [name, value] of Object.entries({ x: 0, y: y - 13, width: this.picture.getAttribute("width"), height: 18 }))
        this.band.setAttribute(name, value);
      row.prepend(this.band);
    }

    show(source, count) {
      const now = source.steps[count - 1], number = source.numberAt(count);
      this.band.remove();
      for (const step of this.rows) {
        for (const part of [step.row, step.text]) {
          part.classList.toggle("later", !source.isDone(count, step.number));
          part.classList.toggle("now", step.number === number);
        }
        if (step.number === number) this.putBand(step.row);
      }
      this.memory.replay = source;
      this.memory.show(count, now && !now.middle && isStore(now) ? now : null);
    }
  }

  function addStory(list, replay, stage, players) {
    const story = new Story(list, replay);
    const player = makePlayer(story.items.length, 0,
      { slider: "Steps of the story", step: "step of the story", play: "▶ Play the story", pace: 1600 },
      (count) => {
        players.filter((other) => other !== player).forEach((other) => other.stop());
        story.items.forEach((item, i) => {
          item.classList.toggle("later", i >= count);
          item.classList.toggle("now", i === count - 1);
        });
        stage.show(story, count);
        list.dataset.step = `${count}`;
        return story.describe(count)[0];
      });
    players.push(player);
    player.element.classList.add("story");
    list.after(player.element);
  }

  function addReplay(host) {
    const figure = $("figure", host);
    if (!figure) return;
    const picture = $("svg.pic", figure);
    const replay = new Replay(picture, Number(host.dataset.size));
    const stage = new Stage(picture, replay);
    const output = make("output", {});
    const last = replay.steps.length;
    const players = [];
    const player = makePlayer(last, last,
      { slider: "Accesses replayed", step: "access", play: "▶ Play", pace: 650 }, (count) => {
        players.filter((other) => other !== player).forEach((other) => other.stop());
        for (const item of $$("ol.story > li", host)) item.classList.remove("later", "now");
        stage.show(replay, count);
        output.replaceChildren(...replay.describe(count));
        host.dataset.step = `${count}`;
        return output.textContent;
      });
    players.push(player);
    const memory = stage.memory;
    figure.after(make("div", { class: "replay" }, player.element, output, memory.element, memory.who));
    $$("ol.story", host).forEach((list) => addStory(list, replay, stage, players));
    player.update();
  }

  // Made when they come into view: a page may have thousands.
  function watchReplays() {
    const observer = new IntersectionObserver((entries) => {
      for (const entry of entries)
        if (entry.isIntersecting) {
          observer.unobserve(entry.target);
          addReplay(entry.target);
          $$(".cmd", entry.target).forEach(addCopyButton);
        }
    }, { rootMargin: "200px" });
    $$("[data-size]").forEach((host) => observer.observe(host));
  }

  const tools = $("#tools");
  const table = $("#matrix");
  if (table) {
    addFilter(tools, table);
    addArrows(table);
  }
  addThemeButton(tools);
  printWhole();
  $$(".origin .cmd").forEach(addCopyButton);
  watchReplays();
  addEventListener("hashchange", goToHash);
  // Again to the cell that is shown already: no hashchange comes of that.
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href^='#']");
    if (link && link.hash === location.hash) goToHash();
  });
  goToHash();
})();
