#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
"""Opens a report of real backends in a browser and uses it: check.py STORESCOPE

Prints a line for each thing it looked at. Exit status: 0 all well, 1 something
is not, 77 there is no browser here."""

import json
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

import browser

BACKENDS = ["glibc/memmove_sse2_unaligned", "qemu/byte_or_move", "qemu/ram_move", "loop/word",
            "planted/byte_before_start", "planted/masked_store"]
SWEEP = ["--size", "0..96", "--dst", "0..7", "--src", "0..3", "--quiet"]

failures = 0


def look(what, good, why=""):
    global failures
    failures += not good
    print(f"{'ok' if good else 'NOT OK'}: {what}{'' if good or why == '' else f': {why}'}")


def storescope(program, *arguments):
    """Standard output; a status above 1 is trouble."""
    ran = subprocess.run([program, *arguments], capture_output=True, text=True)
    if ran.returncode > 1:
        sys.exit(f"storescope {' '.join(arguments)}: {ran.stderr}")
    return ran.stdout


def here(program):
    names = [b["name"] for b in json.loads(storescope(program, "list", "backends", "--all",
                                                      "--format", "json"))["backends"]]
    return [b for b in BACKENDS if b in names]


# What the pictures' bars say: per store, where it begins and how wide it is, in
# bytes of the destination, read off the drawing alone.
BARS = """
const article = arguments[0], lane = article.querySelectorAll('svg.pic .bg')[1];
const size = Number(arguments[1]);
const x0 = Number(lane.getAttribute('x')), width = Number(lane.getAttribute('width'));
return [...article.querySelectorAll('svg.pic g.r:not(.ld)')].map(row =>
  [...row.querySelectorAll('rect[class^=c]')].map(bar => [
    (Number(bar.getAttribute('x')) - x0) / width * size,
    Number(bar.getAttribute('width')) / width * size]));
"""


def article_of(page, selector):
    return {browser.ELEMENT: page.find(selector)}


def runs_of(access):
    """What a store touches, as bytes from and how many: a mask leaves holes."""
    offset, width = access["offset"], access["width"] * access["count"]
    mask = int(access["mask"], 16) if access["mask"] else (1 << width) - 1
    runs = []
    for at in range(width):
        if mask >> at & 1:
            if runs and runs[-1][0] + runs[-1][1] == offset + at:
                runs[-1][1] += 1
            else:
                runs.append([offset + at, 1])
    return runs


def stores_of(trace):
    runs = [runs_of(a) for a in trace["accesses"] if a["kind"] == "store" and a["region"] == "dst"]
    return [run for run in runs if run]


def picture_is_the_trace(page, program, selector):
    article = article_of(page, selector)
    command = page.run("return arguments[0].querySelector('.cmd code').textContent", article)
    _, _, name, case = shlex.split(command)
    trace = json.loads(storescope(program, "trace", name, case, "--format", "json"))
    size = int(re.search(r"size=(\d+)", case)[1])
    wanted = stores_of(trace)
    drawn = [[[round(lo), round(width)] for lo, width in row]
             for row in page.run(BARS, article, size) if row]
    look(f"{name}, {case}: the picture has the bars of the JSON trace",
         drawn == wanted and len(drawn) > 0, f"drawn {drawn}, recorded {wanted}")
    return name, case, size, trace


def slider_replays(page, selector, size, trace):
    """Moves the slider with the keyboard, and counts along."""
    slider = f"{selector} .replay input[type=range]"
    page.run("document.querySelector(arguments[0]).focus()", slider)
    page.keys("Home")
    steps = [a for a in trace["accesses"] if a["region"] != "stack" and a["kind"] != "prefetch"]
    times, good, why = [0] * size, True, ""
    for number, access in enumerate(steps, 1):
        page.keys("Right")
        if access["kind"] == "store" and access["region"] == "dst":
            for lo, width in runs_of(access):
                for at in range(max(lo, 0), min(lo + width, size)):
                    times[at] += 1
        shown = page.run("return [...document.querySelectorAll(arguments[0])].map(c => +c.textContent)",
                         f"{selector} .mem .c")
        if shown != times:
            good, why = False, f"after {number}: shown {shown}, want {times}"
    look("the slider replays the stores one by one", good and sum(times) > 0, why)
    later = page.run("return document.querySelectorAll(arguments[0]).length", f"{selector} g.later")
    page.keys("Home")
    all_later = page.run("return document.querySelectorAll(arguments[0]).length", f"{selector} g.later")
    look("the picture follows the slider", later == 0 and all_later == len(steps),
         f"{later} and {all_later} of {len(steps)}")
    page.keys("End")


def cell_opens_findings(page, program):
    page.run("document.querySelector('#b0').open = false")
    page.click("#matrix tbody tr:first-child td:nth-of-type(3) a")
    page.wait("return document.querySelector('#b0').open && !!document.querySelector('#b0 .replay')")
    look("a cell opens the findings of its contract",
         page.run("return document.querySelector('#b0 .verdicts tr.here th').textContent === 'shared' &&"
                  "[...document.querySelectorAll('#b0 .finding')].filter(f => !f.hidden).every(f =>"
                  "[...f.querySelectorAll('.share:not([hidden])')].every(s =>"
                  "[...s.querySelectorAll('i')].some(c => c.textContent === 'shared')))"))
    first = "#" + page.run("return document.querySelector('#b0 article.case:not([hidden])').id")
    _, _, size, trace = picture_is_the_trace(page, program, first)
    slider_replays(page, first, size, trace)


def every_picture_is_right(page, program):
    page.run("document.querySelectorAll('details.backend').forEach(d => { d.open = true; })")
    for index in range(page.run("return document.querySelectorAll('details.backend').length")):
        if page.run("return !!document.querySelector(arguments[0])", f"#b{index}w0 svg"):
            picture_is_the_trace(page, program, f"#b{index}w0")


def disassembly_blames(page):
    """Each finding's rule stands at an instruction that its case touches, with the case's letter."""
    missing = page.run("""
      const backend = document.querySelector('#b0');
      const lines = [...backend.querySelectorAll('pre.code')].find(p => p.querySelector('mark')).textContent.split('\\n');
      return [...backend.querySelectorAll('article.case')].flatMap(article => {
        const letter = article.querySelector('.cmd span').textContent.match(/, (.):$/)[1];
        const touched = lines.filter(line => /^[ a-zA-Z]*/.exec(line)[0].includes(letter));
        return [...article.querySelectorAll('h4')].map(h => h.textContent).filter(rule =>
          !touched.some(line => new RegExp(` ${rule} [a-zA-Z]*${letter}`).test(line)));
      });""")
    look("the disassembly says which case blames which instruction", missing == [], missing)


def keyboard_works(page):
    page.run("location.hash = ''; document.querySelectorAll('details').forEach(d => { d.open = false; });"
             "scrollTo(0, 0); document.activeElement.blur()")
    page.run("document.querySelector('#matrix tbody a').focus()")
    page.keys("Right", "Right", "Down")
    focus = page.run("const a = document.activeElement, td = a.closest('td');"
                     "return [td && td.cellIndex, a.closest('tr').rowIndex]")
    look("arrow keys move in the matrix", focus == [2, 2], focus)
    look("the matrix is one stop of the tab key",
         page.run("return document.querySelectorAll('#matrix tbody a:not([tabindex=\"-1\"])').length") == 1)
    look("the focus shows", page.run("const s = getComputedStyle(document.activeElement);"
                                     "return s.outlineStyle !== 'none' || s.boxShadow !== 'none'"))
    page.keys("Enter")
    look("Enter opens a cell", page.wait("return document.querySelector('#b1').open"))


def filter_works(page):
    page.run("const f = document.querySelector('#filter'); f.value = 'qemu';"
             "f.dispatchEvent(new Event('input'))")
    shown = page.run("return [...document.querySelectorAll('#matrix tbody tr')].filter(r => !r.hidden)"
                     ".map(r => r.querySelector('th').textContent)")
    look("the filter keeps what it names", shown and all("qemu" in name for name in shown), shown)
    page.run("const f = document.querySelector('#filter'); f.value = 'no such';"
             "f.dispatchEvent(new Event('input'))")
    look("a filter without match says so",
         page.run("const p = document.querySelector('.matrix p.only');"
                  "return p !== null && !p.hidden && p.textContent.includes('no such')"))
    page.run("const f = document.querySelector('#filter'); f.value = ''; f.dispatchEvent(new Event('input'))")


# The least ratio of contrast (WCAG 2.1, 1.4.3) of the texts that are shown.
CONTRAST = """
const ink = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
const rgba = (color) => {
  ink.clearRect(0, 0, 1, 1); ink.fillStyle = color; ink.fillRect(0, 0, 1, 1);
  return [...ink.getImageData(0, 0, 1, 1).data];
};
const light = ([r, g, b]) => {
  const [x, y, z] = [r, g, b].map(v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * x + 0.7152 * y + 0.0722 * z;
};
const behind = (e) => {
  for (; e; e = e.parentElement) {
    const color = rgba(getComputedStyle(e).backgroundColor);
    if (color[3] === 255) return color;
  }
  return [255, 255, 255, 255];
};
let worst = [21, ''];
const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let node; (node = walk.nextNode());) {
  const e = node.parentElement;
  // Numbers upon bars have an outline of their own.
  if (!node.textContent.trim() || !e.checkVisibility() || e.closest('script, style, title, .times')) continue;
  const style = getComputedStyle(e), svg = e.closest('svg');
  if (svg && e.closest('.later')) continue;
  const a = light(rgba(svg ? style.fill : style.color)), b = light(behind(svg ? svg.parentElement : e));
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (ratio < worst[0]) worst = [ratio, `${e.className.baseVal ?? e.className} "${node.textContent.trim().slice(0, 30)}"`];
}
return worst;
"""


def contrast_is_enough(page):
    page.run("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    for scheme in ("light", "dark"):
        page.scheme(scheme)
        ratio, where = page.run(CONTRAST)
        look(f"{scheme}: every text has a contrast of 4.5 or more", ratio >= 4.5, f"{ratio:.2f} at {where}")
    dark = page.run("return getComputedStyle(document.body).backgroundColor")
    page.click("#theme")
    look("the button turns dark into light",
         page.run("return getComputedStyle(document.body).backgroundColor") != dark)
    page.run("localStorage.removeItem('storescope-theme'); delete document.documentElement.dataset.theme")


def fits_a_phone(page):
    page.size(360, 740)
    wide = page.run("return [document.documentElement.scrollWidth, innerWidth]")
    look("nothing sticks out at 360 pixels", wide[0] <= 360, wide)
    page.size(1200, 900)


def works_without_script(page, url):
    page.scripts(False)
    page.open(url)
    shown = page.evaluate("""(() => {
      document.querySelectorAll('details').forEach(d => { d.open = true; });
      const svg = document.querySelector('#b0 article svg.pic');
      return { replay: document.querySelectorAll('.replay').length,
               picture: svg.getBoundingClientRect().height,
               findings: document.querySelectorAll('.finding .msg').length,
               command: document.querySelector('#b0 .cmd code').textContent,
               cells: document.querySelectorAll('#matrix td a[href^="#"]').length };
    })()""")
    look("without JavaScript the matrix, the findings, pictures and commands are there",
         shown["replay"] == 0 and shown["picture"] > 50 and shown["findings"] > 5
         and shown["command"].startswith("storescope trace ") and shown["cells"] >= 9, shown)
    page.scripts(True)


# Upon everything else, a drawing alone: as it is, or by reference.
ALONE = """
const use = document.querySelector('svg.pic > use'), drawing = document.querySelector(use.getAttribute('href'));
document.querySelector('#alone')?.remove();
const box = document.createElement('div');
box.id = 'alone';
box.style = 'position: fixed; inset: 0; background: var(--card); z-index: 9';
const svg = drawing.ownerSVGElement.cloneNode(false);
svg.append((arguments[0] ? use : drawing).cloneNode(true));
box.append(svg);
document.body.append(box);
return document.querySelectorAll('svg.pic > use').length;
"""


def references_look_like_drawings(page):
    for scheme in ("light", "dark"):
        page.scheme(scheme)
        count = page.run(ALONE, True)
        shared = page.shot()
        page.run(ALONE, False)
        look(f"{scheme}: a drawing that is referred to looks the same", count > 1 and shared == page.shot())
    page.run("document.querySelector('#alone').remove()")


def trace_page(page, program, folder):
    path = f"{folder}/trace"
    pathlib.Path(path).mkdir()
    storescope(program, "trace", "loop/word", "memcpy size=3000 dst=3", "--format", "html", "-o", path)
    page.open(pathlib.Path(path, "index.html").as_uri())
    page.wait("return !!document.querySelector('.replay')")
    look("a trace's page replays a long copy, its middle at once",
         page.run("const s = document.querySelector('.replay input'); s.value = s.max;"
                  "s.dispatchEvent(new Event('input'));"
                  "return [...document.querySelectorAll('.mem .c')].every(c => c.textContent === '1')"))


STORY_STEP = """
const list = document.querySelector('ol.story'), article = list.closest('article');
return { steps: [...list.children].map(li => li.textContent),
         now: [...list.children].findIndex(li => li.matches('.now')),
         later: list.querySelectorAll('.later').length,
         row: article.querySelector('svg.pic text.now')?.firstChild.textContent ?? null,
         cells: [...article.querySelectorAll('.mem .c')].map(c => +c.textContent) };
"""


def story_plays(page, program, folder):
    """Its list is played step by step, on the picture and the memory below it."""
    path, backend = pathlib.Path(folder, "story.html"), "glibc/memmove_sse2_unaligned"
    sweep = ["--contract", "shared", "--size", "3", "--dst", "0", "--src", "0", "--story=torn-reader"]
    if backend not in here(program):
        print(f"not looked at: {backend} cannot run here")
        return
    storescope(program, "check", backend, *sweep, "--format", "html", "-o", str(path))
    report = json.loads(storescope(program, "check", backend, *sweep, "--format", "json"))
    told = [f["story"]["steps"] for f in report["results"][0]["findings"] if f["story"]["outcome"] == "told"]
    page.open(path.as_uri())
    page.run("document.querySelectorAll('details').forEach(d => { d.open = true; });"
             "document.querySelector('ol.story').scrollIntoView()")
    page.wait("return !!document.querySelector('.bar.story')")
    page.run("document.querySelector('.bar.story input').focus()")
    page.keys("Home")
    first = page.run(STORY_STEP)
    look("a story's list has the steps of the JSON report", first["steps"] == told[0], first["steps"])
    times, good, why = [0] * len(first["cells"]), first["now"] < 0, ""
    for number, step in enumerate(told[0]):
        page.keys("Right")
        shown, row = page.run(STORY_STEP), None
        piece = re.match(r"store \d+ \((.*)\).* writes bytes? (\d+)(?:\.\.(\d+))?", step)
        if piece:
            row = piece[1]
            for at in range(int(piece[2]), int(piece[3] or piece[2]) + 1):
                times[at] += 1
        if shown["now"] != number or shown["later"] != len(told[0]) - 1 - number \
                or shown["row"] != row or shown["cells"] != times:
            good, why = False, f"step {number + 1}: {shown}, want {row} and {times}"
    look("the slider of a story plays it step by step", good and sum(times) > 0, why)
    page.run("const s = document.querySelector('.replay input'); s.value = s.max; s.dispatchEvent(new Event('input'))")
    after = page.run(STORY_STEP)
    look("the recording's own slider ends the story", after["now"] < 0 and after["later"] == 0, after)
    fits_a_phone(page)


def two_sides(page, program, folder):
    path = pathlib.Path(folder, "diff.html")
    storescope(program, "compare", "--diff", "loop/word", "loop/byte", *SWEEP, "--format", "html", "-o", str(path))
    page.open(path.as_uri())
    page.click("#matrix tbody td:nth-of-type(3) a")
    page.run("[...document.querySelectorAll('article.case')].find(a => !a.hidden).scrollIntoView()")
    page.wait("return document.querySelectorAll('.replay').length >= 2")
    look("a page of two sides opens what changed under a contract, both replayed",
         page.run("return document.getElementById('loop/byte--shared').matches('.here') &&"
                  "document.querySelectorAll('.side .replay').length >= 2"))


def main():
    program = sys.argv[1]
    if browser.missing():
        print(f"skipped: no browser here; install {browser.missing()}")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as folder, browser.Browser() as page:
        report = pathlib.Path(folder, "report.html")
        storescope(program, "compare", *here(program), *SWEEP, "--format", "html", "-o", str(report))
        url = report.as_uri()
        page.size(1200, 900)
        page.scheme("light")
        page.requests()
        page.open(url)
        cell_opens_findings(page, program)
        every_picture_is_right(page, program)
        disassembly_blames(page)
        keyboard_works(page)
        filter_works(page)
        contrast_is_enough(page)
        references_look_like_drawings(page)
        fits_a_phone(page)
        works_without_script(page, url)
        trace_page(page, program, folder)
        story_plays(page, program, folder)
        two_sides(page, program, folder)
        others = [u for u in page.requests() if not u.startswith(pathlib.Path(folder).as_uri())]
        look("no request leaves the page", not others, others)
        errors = [e["message"] for e in page.log("browser") if e["level"] in ("SEVERE", "WARNING")]
        look("the console has no error", not errors, errors)
    sys.exit(1 if failures else 0)


main()
