"""The page in a browser, where there is one: its style is let in, nothing overflows, dark is dark, paper takes it."""

import html as escaping
import json
import re
import shutil
import subprocess

import pytest

from seatrial.gate.report import Flip
from seatrial.report.html import SideBySide, html
from seatrial.report.view import view
from seatrial.verdict import State, Verdict

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
BROWSER = next((path for path in map(shutil.which, NAMES) if path), None)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--virtual-time-budget=4000",
)
NARROW = 360
WIDTHS = (620, 1045, 1121, 1280)
PROBE = """<script>
let broken = 0;
addEventListener("securitypolicyviolation", () => { broken += 1; });
addEventListener("load", () => {
  const root = document.documentElement, seen = all => [...document.querySelectorAll(all)].filter(e => e.offsetParent).length;
  const shown = () => [seen(".flip.broke"), seen(".flip.fixed")];
  const fixed = document.getElementById("only-fixed"), badge = document.querySelector(".badge"), mark = document.querySelector("rect.f-worse");
  const before = shown();
  if (fixed) fixed.checked = true;
  parent.postMessage({
    name: "NAME", broken: broken, wide: root.scrollWidth - root.clientWidth, flips: [before, shown()],
    ground: getComputedStyle(document.body).backgroundColor,
    badge: getComputedStyle(badge).backgroundColor,
    mark: mark && getComputedStyle(mark).fill,
    outside: [...document.querySelectorAll("main *")].filter(e => !e.closest("pre, .hidden, svg")
      && getComputedStyle(e).position !== "absolute" && e.getBoundingClientRect().right > root.clientWidth + 1).map(e => e.className),
  }, "*");
});
</script>"""
FRAME = """<!doctype html><meta charset="utf-8"><body><script>
const got = {};
addEventListener("message", e => { got[e.data.name] = e.data; document.querySelector("pre").textContent = JSON.stringify(got); });
</script>%s<pre></pre></body>"""

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")


def browse(folder, *flags: str) -> str:
    """What the browser prints; a browser that cannot start here is as good as none."""
    command = [str(BROWSER), *FLAGS, f"--user-data-dir={folder / 'profile'}", *flags]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode:
        pytest.skip(f"the browser does not start here: {done.stderr[-200:]}")
    return done.stdout


def probed(name: str, page: str) -> str:
    """A copy of a page that measures itself; its policy still forbids every style but its own."""
    return page.replace("default-src 'none';", "default-src 'none'; script-src 'unsafe-inline';").replace(
        '<meta name="viewport"', f'{PROBE.replace("NAME", name)}<meta name="viewport"', 1
    )


def measured(folder, pages: dict[str, tuple[str, int]], *flags: str) -> dict[str, dict]:
    """Name -> what a page of that width says of itself."""
    frames = []
    for i, (name, (page, width)) in enumerate(pages.items()):
        (folder / f"{i}.html").write_text(probed(name, page), encoding="utf-8")
        frames.append(f'<iframe src="{i}.html" style="border:0;width:{width}px;height:900px"></iframe>')
    (folder / "frame.html").write_text(FRAME % "".join(frames), encoding="utf-8")
    printed = browse(folder, "--dump-dom", *flags, (folder / "frame.html").as_uri())
    found = re.search(r"<pre>(.*)</pre>", printed, re.DOTALL)
    assert found
    assert found[1]
    return json.loads(escaping.unescape(found[1]))


@pytest.fixture(scope="module")
def light(views, texts, report, finding, tmp_path_factory):
    """Every state on a telephone, one page at two more widths, and of it a copy that breaks its own policy and one that
    may have no style at all."""
    pages = {name: (html(v, texts), NARROW) for name, v in views.items()}
    blocked = pages["blocked"][0]
    pages |= {f"blocked {width}": (blocked, width) for width in WIDTHS}
    long = "x" * 200
    side = {(long, "score"): SideBySide(long * 20, long, long, f"{long}y")}
    fell = (Flip(long, "score", (f"t={long}",), 1.0, 0.0, long),)
    named = {"graph": long, "warnings": (long,), "causes": ((long, 9),), "regressed": 9, "flips": fell}
    rows = (finding(), finding(f"t={long}", State.BLOCKS, critical=True, reason=long))
    unbroken = html(view(report(Verdict.FAIL, *rows, **named)), side)
    pages |= {"long": (unbroken, NARROW), "long 1121": (unbroken, 1121)}
    pages["broken"] = (blocked.replace('<p class="quiet">', '<p style="color:red" class="quiet">', 1), 1280)
    pages["bare"] = (re.sub(r"style-src '[^']*';", "", blocked), 1280)
    return measured(tmp_path_factory.mktemp("light"), pages)


def test_every_page_measured_itself(light, views):
    assert set(light) == {*views, *(f"blocked {w}" for w in WIDTHS), "long", "long 1121", "broken", "bare"}


def test_the_browser_lets_the_style_in_and_forbids_nothing(light):
    for name, reported in light.items():
        if name not in ("broken", "bare"):
            assert reported["broken"] == 0, name
    assert light["blocked 1280"]["badge"] == "rgb(173, 59, 0)"
    # a policy nobody obeys would prove nothing
    assert light["broken"]["broken"] >= 1


def test_no_page_is_wider_than_its_window(light):
    for name, reported in light.items():
        if name not in ("broken", "bare"):
            assert (reported["wide"], reported["outside"]) == (0, []), name


def test_the_marks_have_their_colour_where_every_style_is_forbidden(light):
    assert light["bare"]["badge"] == "rgba(0, 0, 0, 0)"
    assert light["bare"]["mark"] == "rgb(173, 59, 0)"


def test_flips_are_filtered_without_a_script(light):
    assert light["blocked 1280"]["flips"] == [[46, 32], [0, 32]]


@pytest.mark.slow
def test_dark_is_dark(views, texts, tmp_path):
    pages = {name: (html(views[name], texts), 700) for name in ("blocked", "pass")}
    reported = measured(tmp_path, pages, "--blink-settings=preferredColorScheme=0")
    assert reported["blocked"]["ground"] == "rgb(18, 23, 29)"
    assert reported["blocked"]["badge"] == "rgb(255, 157, 102)"
    assert reported["pass"]["badge"] == "rgb(120, 184, 242)"


@pytest.mark.slow
def test_paper_takes_it(views, texts, tmp_path):
    (tmp_path / "page.html").write_text(html(views["blocked"], texts), encoding="utf-8")
    browse(tmp_path, f"--print-to-pdf={tmp_path / 'page.pdf'}", (tmp_path / "page.html").as_uri())
    paper = (tmp_path / "page.pdf").read_bytes()
    assert paper.startswith(b"%PDF-")
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", paper)) <= 8
