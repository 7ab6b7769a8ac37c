"""The page: every state says what it is, stands alone, stays small, shows no personal data and believes no name."""

import base64
import hashlib
import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser

import pytest

from seatrial.gate.report import Flip
from seatrial.report.console import console
from seatrial.report.data import gate_data
from seatrial.report.html import SideBySide, html
from seatrial.report.html.forest import Forest
from seatrial.report.html.side import BUDGET, OPEN, SHOWN, flips
from seatrial.report.markdown import summary
from seatrial.report.read import report_of
from seatrial.report.view import GLYPHS, WORDS, Override, refusal, view
from seatrial.verdict import State, Verdict

STATES = ("blocked", "pass", "cannot tell", "unchanged", "overridden", "invalid", "empty")
VOID = {"meta", "link", "input", "br", "hr", "img"}


class Page(HTMLParser):
    """What a browser sees: tags with their attributes, the text of elements, and whether every tag is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.reported: list[tuple[str, str]] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID and not self.get_starttag_text().endswith("/>"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open[-1] != tag:
            return  # <rect .../> is closed where it stands
        self.open.pop()

    def handle_data(self, data):
        self.reported.append((self.open[-1] if self.open else "", data))

    def named(self, name: str) -> list[dict[str, str | None]]:
        return [attrs for tag, attrs in self.tags if tag == name]

    @property
    def text(self) -> str:
        return re.sub(
            r"\s+", " ", " ".join(data for tag, data in self.reported if tag not in ("style", "title", "desc"))
        )


@pytest.fixture(scope="session")
def pages(views, texts):
    return {name: html(v, texts) for name, v in views.items()}


# ---- what each state says


@pytest.mark.parametrize(
    ("name", "badge", "reported"),
    [
        ("blocked", "✕ BLOCKED", "2 of 5 segments got worse; one critical: DE −29.0 points."),
        (
            "pass",
            "✓ PASS",
            "Every critical segment is shown not worse by 20 points or more; the drop is at most 7 points.",
        ),
        (
            "cannot tell",
            "? CANNOT TELL",
            "AT may have dropped by up to 26 points, and less than 20 points must be shown: it has 10 examples",
        ),
        ("unchanged", "✓ PASS", "Unchanged: outputs identical on all 100 examples."),
        ("overridden", "✕ BLOCKED", "2 of 5 segments got worse; one critical: DE −29.0 points."),
        ("invalid", "! INVALID", "results.csv: dataset_hash differs: v1 has a; v2 has b."),
        ("empty", "∅ EMPTY", "results.csv holds no rows: there is nothing to judge"),
    ],
)
def test_the_first_thing_on_the_page_is_the_verdict_and_its_sentence(views, pages, name, badge, reported):
    assert views[name].state == name
    page = Page(pages[name])
    heading = page.text.index(badge)
    assert page.text[heading:].startswith(f"{badge} {reported}")
    assert heading < page.text.find("Segments") or name in ("invalid", "empty")
    assert f"{badge} · " in "".join(data for tag, data in page.reported if tag == "title")


@pytest.mark.parametrize("name", ["invalid", "empty"])
def test_where_nothing_was_judged_no_number_can_be_quoted(pages, name):
    page = Page(pages[name])
    assert not page.named("table")
    assert not page.named("title")[1:]
    assert "exit code 2" in page.text
    assert "%" not in page.text


def test_what_would_settle_it_is_said(pages):
    assert (
        "Next step: collect 11 more examples of AT (enough four times out of five if nothing changed)."
        in Page(pages["cannot tell"]).text
    )
    assert "Next step: Evaluate both again on the same data" in Page(pages["invalid"]).text


def test_every_row_stands_in_the_table_with_its_word_its_shape_and_its_picture(views, pages):
    for name in STATES[:5]:
        body = unescape(pages[name]).split('<table class="segments"')[1].split("</table>")[0].split("<tbody")[1]
        rows = body.split('<tr role="row"')[1:]
        assert len(rows) == len(views[name].rows)
        for row, text in zip(views[name].rows, rows, strict=True):
            assert f"<bdi>{row.label}</bdi>" in text
            assert f"{row.word}" in text.split('<td role="cell" class="state')[1].split("</td>")[0]
            assert text.startswith(f' class="{row.state.value}')
            assert "<title id=" in text
            assert row.reason in text


def test_a_critical_segment_says_so_and_what_it_lacks(pages):
    text = Page(pages["cannot tell"]).text
    assert "Can't tell 10 80.0 → 80.0 0.0 0 / 0" in text
    assert "≥ 60 points needs 21 examples" in text
    assert "0 of 1 critical row shown not worse by 20 points or more; too few: AT (has 10, needs 21)" in text


def test_a_test_that_differs_from_its_interval_is_called_borderline(pages, report, finding):
    near = finding("t=x", State.BLOCKS, ci_row=(-0.2, 0.01), p=0.03, p_adjusted=0.041, alpha_row=0.02, threshold=0.05)
    text = Page(html(view(report(Verdict.FAIL, finding(), near)))).text
    assert "borderline: adjusted p 0.041 ≤ 0.050" in text
    assert "borderline" not in pages["pass"]


def test_a_row_that_blocks_with_a_shown_interval_that_includes_0_is_called_borderline(pages, report, finding):
    numbers = {"ci": (-0.2, 0.01), "ci_row": (-0.2, -0.01), "p": 0.03, "p_adjusted": 0.041, "threshold": 0.05}
    seen = view(report(Verdict.FAIL, finding(), finding("t=x", State.BLOCKS, **numbers)))
    for text in (Page(html(seen)).text, summary(seen, ""), "\n".join(one.text for one in console(seen))):
        assert "borderline: adjusted p 0.041 ≤ 0.050" in text
    # a proven drop under min_drop, and a row that fails its floor alone, agree with their intervals
    small = finding("t=x", State.WATCH, **numbers | {"ci": (-0.2, -0.005)})
    floor = finding("t=x", State.BLOCKS, **numbers | {"ci_row": (-0.2, 0.02), "p_adjusted": 0.6})
    assert [view(report(Verdict.PASS, finding(), one)).rows[1].borderline for one in (small, floor)] == ["", ""]


def test_the_rules_the_owner_and_the_command_are_on_the_page(pages, decided):
    text = Page(pages["blocked"]).text
    assert "policy gates/merge.toml · owner mail-team · mode block" in text
    assert decided["blocked"].policy["hash"] in text
    assert "6 tests, alpha 0.05, weighted Holm or joint level by" in text
    assert "seatrial gate --evidence results.csv --baseline v1 --candidate v2" in text


def test_reasons_are_counted_and_the_chance_to_have_failed_is_drawn(pages):
    text = Page(pages["blocked"]).text
    assert "Look here first: 40 of 40 broken answers (100 %) say: the country is not in the list" in text
    assert "What 40 broken answers say" in text
    assert re.search(r"DE , n 100: blocks a drop of 20 points with chance 9\d\.\d %", text)
    assert len(Page(pages["blocked"]).named("polyline")) == 4


def test_an_override_stands_above_the_verdict_and_leaves_it(pages):
    text = Page(pages["overridden"]).text
    assert text.index("OVERRIDDEN: 2 rows") < text.index("✕ BLOCKED 2 of 5")
    assert "country=DE · valid : the list is renewed on Monday ( mara , until 2026-12-01 )" in text
    assert pages["overridden"].count('<span class="under">overridden</span>') == 2
    assert "OVERRIDDEN" not in pages["blocked"]


def test_one_row_that_nobody_let_pass_keeps_the_state_blocked(decided):
    failing = [f for f in decided["blocked"].findings if f.verdict is Verdict.FAIL]
    one = view(decided["blocked"], [Override(failing[0].segment, failing[0].key, "why", "who", "2026-12-01")])
    assert one.state == "blocked"
    assert "PARTLY OVERRIDDEN: 1 row" in html(one)
    assert [row.overridden for row in one.rows if row.state is State.BLOCKS] == [True, False]


def test_the_mode_that_does_not_act_is_said_beside_the_verdict(states):
    text = Page(html(view(states["observed"]))).text
    assert "✕ WOULD BLOCK" in text
    assert "Exit code 0: mode observe: shown, not acted on" in text


def test_system_failures_and_what_nobody_measured_are_counted(report, finding):
    words = {"baseline": {"scored": 100}, "candidate": {"scored": 90, "target_error": 6, "unparsed": 4}}
    counts = {"planned": 200, "scored": 190, "examples": 100, "keys": 1, "outcomes": words}
    text = Page(html(view(report(Verdict.PASS, finding(), counts=counts, warnings=("one thing to know",))))).text
    assert "candidate v2 scored 90 its score target error 6 counts as 0 unparsed 4 bounded, never a number" in text
    assert "one thing to know" in text


def test_rows_beside_the_family_have_a_sentence_and_no_picture(report, finding):
    numbers = {"ci": None, "alpha_row": None, "detectable_drop": None, "key": "pii_leak"}
    v = view(report(Verdict.PASS, finding(), finding("overall", **numbers)))
    assert [row.beside for row in v.rows] == [False, True]
    page = html(v)
    assert page.count('<svg class="row"') == 1
    assert "overall · pii_leak No drop found overall in one sentence" in Page(page).text


def test_what_a_report_does_not_carry_has_no_section(pages):
    for name in STATES[:5]:
        assert "Looked at twice" not in pages[name]
        assert "In quarantine" not in pages[name]


# ---- flipped answers


def test_baseline_and_candidate_stand_side_by_side_with_their_differing_words_marked(pages):
    text = pages["blocked"]
    first = text.split('<details class="flip ')[1]
    assert "<h3>Baseline: passed</h3><pre>country: <u>DE</u>\nsure" in first
    assert "<h3>Candidate: failed</h3><pre>country: <u>Germany</u>\nsure" in first
    assert "<h3>Reference</h3><pre>{&#34;country&#34;: &#34;DE&#34;}</pre>" in first
    assert text.count('<details class="flip broke') == 46
    assert text.count('<details class="flip fixed') == 32
    assert len(re.findall(r'<details class="flip [^>]* open>', text)) == OPEN


def test_texts_that_have_nothing_in_common_are_left_unmarked(decided):
    flip = decided["blocked"].flips[0]
    v = view(decided["blocked"])
    other = {(flip.example, flip.key): SideBySide(None, None, "one two three four", "vier fünf sechs")}
    assert "<u>" not in html(v, other)


def test_personal_data_is_replaced_by_its_kind(pages):
    assert "jane.roe" not in pages["blocked"]
    assert "Write to &lt;email&gt; if unsure." in pages["blocked"]


def test_personal_data_is_not_let_through_by_the_cut(decided):
    one = replace(view(decided["blocked"]).detail, flips=view(decided["blocked"]).detail.flips[:1])
    flip = one.flips[0]

    def shown(text: str) -> str:
        (found,) = flips(one, {(flip.id, flip.key): SideBySide(text)})
        return "".join(part for part, _ in found["texts"][0]["parts"])

    # Every place near the cut and near the end of what is looked at behind it; between them, more often than an address is long.
    for padding in (
        *range(SHOWN - 40, SHOWN + 40),
        *range(SHOWN + 40, SHOWN + 960, 9),
        *range(SHOWN + 960, SHOWN + 1_020),
    ):
        assert "jane.r" not in shown("x" * padding + " jane.roe@acme.internal and more " + "y" * 4_000)
    assert shown(" ".join(["jane.roe@acme.internal"] * 500)).startswith("<email> <email>")
    assert "jane" not in shown(" ".join(["jane.roe@acme.internal"] * 500))


def test_a_reason_and_an_id_are_stripped_too(report, finding):
    fell = (Flip("jane.roe@acme.internal", "score", ("t=x",), 1.0, 0.0, "said jane.roe@acme.internal"),)
    found = report(
        Verdict.FAIL,
        finding(),
        finding("t=x", State.BLOCKS, regressed=9),
        flips=fell,
        causes=(("said jane.roe@acme.internal", 9),),
        regressed=9,
    )
    assert "jane.roe" not in html(view(found), {})


def test_without_examples_no_text_is_on_the_page(views, pages):
    page = html(views["blocked"])
    assert "Which country is mail" in pages["blocked"]
    for word in ("Which country is mail", "Germany", "<pre>"):
        assert word not in page
    assert "Texts are left out of this page." in page
    assert "DE-058" in page


def test_scores_without_texts_are_said_to_be_so(views):
    assert "The evidence holds scores and no texts." in html(views["blocked"], {})


def test_graded_scores_have_the_page_of_a_gate_and_name_what_dropped_most(decided):
    blocked = decided["blocked"]
    graded = replace(
        blocked,
        counts={**blocked.counts, "fractions": ["valid"]},
        flips=(
            Flip("far", "valid", ("country=DE",), 0.9, 0.25, ""),
            Flip("up", "valid", ("country=FR",), 0.5, 0.75, ""),
        ),
    )
    text = Page(html(view(graded), {})).text
    assert "Could this gate have failed?" in text
    assert "Mean score %" in text
    assert "lower / higher" in text
    assert "far ✕ 0.9 → 0.25" in text
    assert "up ▲ 0.5 → 0.75" in text
    assert "broke" not in text


def test_groups_name_only_what_tells_flips_apart(views):
    assert views["blocked"].detail.groups == (
        ("country=DE", 33),
        ("country=ES", 10),
        ("the country is not in the list", 46),
    )
    shown = views["blocked"].detail.flips
    assert sum(0 in flip.groups for flip in shown) == 33
    assert shown[0].segments == ("country=DE",)


def test_a_page_of_5000_flips_with_20_kb_outputs_stays_under_2_mb(report, finding):
    hostile = "<&\"'" * 5_000
    fell = tuple(Flip(f"e{i:05}", "score", ("t=x",), 1.0, 0.0, hostile) for i in range(5_000))
    rows = [finding(f"t=s{i}", State.NO_DROP, reason="r" * 300) for i in range(400)]
    found = report(Verdict.FAIL, finding(regressed=5_000), finding("t=x", State.BLOCKS), *rows, flips=fell)
    side = SideBySide(hostile, hostile, hostile, hostile + "!")
    page = html(view(found), dict.fromkeys(((flip.example, "score") for flip in fell), side))
    assert BUDGET < len(page.encode()) < 2_000_000
    text = Page(page).text
    assert "200 of 5,000 shown" in text
    assert "stand without their texts: not kept, or more than this page has room for" in text
    assert "Cut here: the text has 20,000 characters." in text
    assert "302 more rows are in the JSON report" in text


def test_names_of_ten_kilobytes_leave_the_page_small_and_are_cut_in_the_middle(report, finding):
    long = "begin" + "<" * 10_000 + "end"  # 1,800 of them: 18 MB before they are cut
    rows = [finding(f"t={i}{long}", State.BLOCKS, reason=long, key=long) for i in range(120)]
    fell = tuple(Flip(f"{i}{long}", long, (f"t={i}{long}",) * 9, 1.0, 0.0, long) for i in range(300))
    names = {"graph": long, "baseline": long, "candidate": long, "source": long, "warnings": (long,) * 3}
    page = html(view(report(Verdict.FAIL, finding(), *rows, **names, flips=fell, causes=((long, 9),), regressed=9)), {})
    assert len(page.encode()) < 3_000_000
    assert re.search(r"begin(&lt;)+…(&lt;)+end", page)


# ---- stands alone, believes nobody


@pytest.mark.parametrize("name", STATES)
def test_nothing_is_loaded_and_nothing_runs(pages, name):
    text = re.sub(r"sha256-[\w+/=]+", "", pages[name])  # a hash may hold what looks like an address
    assert not re.search(
        r"https?:|//\w|javascript:|<script|<iframe|<object|@import|url\((?!#blind\))", text, re.IGNORECASE
    )
    page = Page(text)
    for _, attrs in page.tags:
        assert not [a for a in attrs if a.startswith("on") or a in ("style", "src", "srcset", "action")]
    assert {a["href"] for a in (*page.named("a"), *page.named("link"))} <= {"data:,", "#verdict", "#why", "#flipped"}
    assert page.named("script") == []


@pytest.mark.parametrize("name", STATES)
def test_the_policy_in_the_page_allows_its_own_style_and_nothing_else(pages, name):
    page = Page(pages[name])
    (policy,) = [m["content"] for m in page.named("meta") if m.get("http-equiv") == "Content-Security-Policy"]
    (style,) = [data for tag, data in page.reported if tag == "style"]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert (
        policy == f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    )


@pytest.mark.parametrize("name", STATES)
def test_the_same_view_is_the_same_page_byte_for_byte(views, texts, pages, name):
    assert html(views[name], texts) == pages[name]


def test_a_hostile_name_stays_text_on_every_place_of_the_page(report, finding, hostile):
    found = report(
        Verdict.FAIL,
        finding(),
        finding(f"t={hostile}", State.BLOCKS, reason=hostile, regressed=9, critical=True),
        finding("u=x"),
        finding("overall", key=hostile, ci=None, alpha_row=None),
        causes=((hostile, 9),),
        regressed=9,
        warnings=(hostile,),
        graph=hostile,
        baseline=hostile,
        candidate=hostile,
        source=hostile,
        policy={"source": hostile, "hash": hostile, "owner": hostile},
        flips=(Flip(hostile, hostile, (f"t={hostile}",), 1.0, 0.0, hostile),),
    )
    calm = replace(
        found, graph="g", baseline="b", candidate="c", source="s", policy={"source": "p", "hash": "h", "owner": "o"}
    )
    texts = {(hostile, hostile): SideBySide(hostile, hostile, hostile, hostile)}
    let_pass = [Override("overall", hostile, hostile, hostile, hostile)]
    page = html(view(found, let_pass), texts)
    assert [tag for tag, _ in Page(page).tags if tag in ("img", "script", "everyone")] == []
    assert [t for t, _ in Page(page).tags] == [t for t, _ in Page(html(view(calm, let_pass), texts)).tags]
    assert not [c for c in page if c != "\n" and (ord(c) < 32 or 0x7F <= ord(c) < 0xA0)]
    assert not re.search("[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]", page)
    assert "<img" not in html(refusal(hostile, title=hostile))


def test_no_surface_is_given_a_control_or_a_mark_that_turns_the_reading_direction(report, finding, hostile):
    found = report(
        Verdict.FAIL,
        finding(),
        finding(f"t={hostile}", State.BLOCKS),
        warnings=(hostile,),
        graph=hostile,
        causes=((hostile, 9),),
        regressed=9,
    )
    v = view(found)
    for text in (v.title, v.headline, v.cause, v.graph, *v.warnings, *(row.label for row in v.rows)):
        assert not re.search("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]", text)


def test_what_utf_8_cannot_hold_is_no_crash(decided):
    flip = decided["blocked"].flips[0]
    html(view(decided["blocked"]), {(flip.example, flip.key): SideBySide("half a pair \ud83d")}).encode()


# ---- made for everybody


@pytest.mark.parametrize("name", STATES)
def test_tables_have_captions_and_headers_and_pictures_have_names(pages, name):
    text = pages[name]
    page = Page(text)
    assert page.named("html") == [{"lang": "en"}]
    assert len(page.named("caption")) == len(page.named("table"))
    for head in page.named("th"):
        assert head.get("scope") in ("col", "row", "rowgroup")
    ids = [a["id"] for _, a in page.tags if "id" in a]
    assert len(ids) == len(set(ids))
    for svg in page.named("svg"):
        if svg.get("role") == "img":
            assert set(str(svg["aria-labelledby"]).split()) <= set(ids)
        else:
            assert svg.get("aria-hidden") == "true"
    for _, attrs in page.tags:
        assert set(str(attrs.get("aria-labelledby") or "").split()) <= set(ids)
    assert len(page.named("h1")) == 1


def test_tab_order_is_reading_order(pages):
    for _, attrs in Page(pages["blocked"]).tags:
        assert attrs.get("tabindex") in (None, "-1")


def test_no_state_is_told_by_its_colour_alone(pages):
    legend = pages["blocked"].split('aria-label="Legend"')[1].split("</ul>")[0]
    for word in ("blocks", "can't tell", "watch", "no drop found", "better", "blind zone", "must detect"):
        assert word in legend
    shapes = re.findall(r"</?svg[^>]*>(.*?)</svg>", legend, re.DOTALL)
    assert len(set(shapes)) == len(shapes) == 7
    assert len(set(GLYPHS.values())) == len(WORDS)


SCHEMES = {"light": 0, "dark": 1, "print": 2}
TEXTS = [
    *((text, ground) for text in ("ink", "muted", "worse", "better") for ground in ("bg", "panel")),
    *((text, ground) for text in ("ink", "muted", "worse", "better") for ground in ("worse-bg", "better-bg")),
    *(("bg", badge) for badge in ("ink", "worse", "better")),
]


def luminance(colour: str) -> float:
    """Relative luminance of sRGB, WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(a: str, b: str) -> float:
    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_contrast_of_black_on_white_is_21():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    # #767676 is the lightest grey that reaches 4.5 on white
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_colour_can_be_read_on_every_ground(pages, scheme):
    blocks = re.findall(r":root \{(.*?)\}", pages["blocked"], re.DOTALL)
    assert len(blocks) == len(SCHEMES)
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", blocks[SCHEMES[scheme]]))
    assert len(colours) == 10
    for text, ground in TEXTS:
        assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
    for mark in ("axis", "muted", "worse", "better", "ink"):
        assert contrast(colours[mark], colours["bg"]) >= 3, mark


def test_without_its_style_the_pictures_have_the_same_colours(pages):
    style, _, body = pages["blocked"].partition("</style>")
    light = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", style.split(":root {")[1]))
    drawn = set(re.findall(r'(?:fill|stroke)="(#[0-9a-f]{6})"[^>]*? class="[fst]-(\w+)"', body))
    assert drawn
    for colour, name in drawn:
        assert light[name] == colour


# ---- the axis


def test_marks_stand_in_the_order_of_their_differences(views):
    rows = views["blocked"].rows
    axis = Forest.of(rows, 0.2)
    marks = sorted((row.mark, axis.x(row.mark)) for row in rows)
    assert [x for _, x in marks] == sorted(x for _, x in marks)
    assert axis.must < axis.zero
    assert {tick["label"] for tick in axis.ticks} >= {"−20", "0"}
    assert all(0 <= axis.x(share) <= 260 for share in (-2.0, 0.0, 2.0))


def test_a_blind_zone_reaches_from_no_change_to_the_drop_it_would_see(finding, report):
    seeing, blind = view(report(Verdict.PASS, finding(), finding("t=x", detectable_drop=None))).rows
    axis = Forest.of([seeing, blind], 0.2)
    assert axis.blind(seeing) == axis.x(-0.12)
    # any drop at all may pass unseen
    assert axis.blind(blind) == axis.x(axis.low)


# ---- from JSON


def test_a_report_comes_back_from_its_json_as_far_as_that_goes(decided):
    for report in decided.values():
        reported = report_of(gate_data(report), "mail.json")
        assert reported.findings == report.findings
        assert reported.verdict is report.verdict
        assert view(reported).headline == view(report).headline
        assert reported.flips == ()
        assert reported.warnings[-1].startswith("written from mail.json alone")
