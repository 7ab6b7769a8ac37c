"""Lists of the reference against the source: every format, variable, file and command is on its page."""

import doctest
import json
import re
from pathlib import Path

from written import environment, files, json_formats, llms

from seatrial.dataset import Example
from seatrial.graph.target import callable_target
from seatrial.runner import RunPlan, run
from seatrial.scoring import bind

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"


CONSTANT = re.compile(
    r'^[A-Z_]+ = (?:Path\()?"((?:gates|judges|reports|experiments|datasets|\.seatrial)/[^"]+)"', re.MULTILINE
)
"""A path that a module of the source names."""


def test_every_format_that_the_source_names_is_listed():
    assert {f"seatrial/{one.name}" for one in json_formats.FORMATS} == json_formats.names()


def test_every_format_has_its_fields_or_the_page_that_has_them():
    page = (REFERENCE / "json.md").read_text(encoding="utf-8")
    without = [
        one.name
        for one in json_formats.FORMATS
        if f"## seatrial/{one.name}\n" not in page and "](" not in one.holds and one.how != json_formats.GIVEN
    ]
    assert without == []


def test_every_field_of_every_format_has_a_type():
    page = (REFERENCE / "json.md").read_text(encoding="utf-8")
    fields = re.findall(r"^\| `\w+` \| (.*?) \|$", page.partition("<!-- table: other fields -->")[2], re.MULTILINE)
    assert len(fields) > 150
    assert [one for one in fields if not one] == []


def test_the_examples_in_the_generator_itself_hold():
    assert doctest.testmod(json_formats).failed == doctest.testmod(llms).failed == 0


def test_every_page_is_in_the_list_for_programs():
    listed = (ROOT / "llms.txt").read_text(encoding="utf-8")
    pages = [str(page.relative_to(ROOT)) for folder in llms.FOLDERS for page in (ROOT / "docs" / folder).glob("*.md")]
    assert [page for page in pages if f"]({page}): " not in listed] == []


def test_every_variable_that_the_source_names_is_listed():
    listed = {one.name for one in environment.VARIABLES}
    keys = {word for key in environment.KEY_OF.values() for word in key.split(" and ")}
    assert environment.named() - keys - {"ANTHROPIC_API_KEY"} == listed - {"SEATRIAL_POOL_NAME_URL"}


def test_every_folder_and_file_that_the_source_names_is_listed():
    named = set()
    for place, text in json_formats.texts().items():
        if not place.startswith(("template/", "testing/")):
            named |= set(CONSTANT.findall(text))
            named |= {f".seatrial/{word}" for word in re.findall(r'\.seatrial(?:/|" / ")([a-z-]+(?:\.db)?)', text)}
    listed = " ".join(one.path for one in files.FILES)
    assert sorted(name for name in named if name not in listed) == []


def test_what_init_ignores_is_what_the_page_says():
    written = (json_formats.SOURCE / "template" / "gitignore").read_text(encoding="utf-8")
    assert f"```text\n{written}```" in (REFERENCE / "files.md").read_text(encoding="utf-8")
    for one in files.FILES:
        if one.git == files.IGNORE:
            assert one.path.split("/")[0] in written


def fine(run, example):
    return True


def test_a_stored_run_has_no_field_that_the_page_leaves_out(tmp_path):
    plan = RunPlan("r1", "desk", "v1", "golden", "hash", (Example("e1", {}),))
    run(plan, callable_target(lambda inputs: {}), (bind(fine),), lambda example: {}, tmp_path)
    stored = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    page = (REFERENCE / "json.md").read_text(encoding="utf-8").partition("### seatrial/run/1\n")[2].partition("###")[0]
    assert [name for name in stored if f"`{name}`" not in page] == ["schema"]
