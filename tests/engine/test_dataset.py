"""Datasets: what is read, what is normalised, what is refused and with which sentence, and what the hash depends on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from seatrial.dataset import Example, contract_names, fingerprint, identity, load, read_settings
from seatrial.dataset.row import RowError, example_from, parse
from seatrial.errors import ConfigError, ContractError, DataError


class Sender(BaseModel):
    model_config = ConfigDict(extra="allow")
    address: str


class Input(BaseModel):
    model_config = ConfigDict(extra="ignore")
    body: str
    sender: Sender | None = None


class Output(BaseModel):
    model_config = ConfigDict(extra="forbid")
    label: str
    score: float = 0.0


ROW = {"id": "a", "inputs": {"body": "hello"}, "outputs": {"label": "spam"}}


def write(folder: Path, *rows: Any, name: str = "golden.jsonl") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def error_of(path: Path, contract: tuple[Any, Any] | None = None, kind: type[Exception] = DataError) -> str:
    with pytest.raises(kind) as caught:
        load(path, contract)
    return str(caught.value)


def test_a_folder_is_its_golden_file_named_by_fleet_graph_and_kind(tmp_path: Path) -> None:
    folder = tmp_path / "email_classify"
    write(folder, ROW)
    (folder / "dataset.toml").write_text('version = 3\nkind = "golden"\ncontract = "graphs.x:Input,Output"\n')
    dataset = load(folder, (Input, Output), fleet="reference")
    assert (dataset.name, dataset.version, dataset.kind) == ("reference:email_classify:golden", "3", "golden")
    assert dataset.examples == (Example("a", {"body": "hello"}, {"label": "spam"}),)
    assert dataset.hash == fingerprint(dataset.examples)


def test_another_file_of_the_folder_is_another_kind(tmp_path: Path) -> None:
    path = write(tmp_path / "g", ROW, name="adversarial.jsonl")
    assert load(path).name == "local:g:adversarial"
    assert load(path, graph="other").name == "local:other:adversarial"


def test_blank_lines_a_byte_order_mark_and_a_missing_last_newline_are_no_matter(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(ROW).encode() + b"\r\n\r\n" + json.dumps(ROW | {"id": "b"}).encode())
    assert [example.id for example in load(path).examples] == ["a", "b"]


@pytest.mark.parametrize(
    ("row", "inputs", "outputs"),
    [
        ({"inputs": {"q": 1}, "outputs": {"a": 2}}, {"q": 1}, {"a": 2}),
        ({"inputs": {"q": 1}, "reference_outputs": {"a": 2}}, {"q": 1}, {"a": 2}),
        ({"inputs": {"q": 1}, "expectations": {"expected_response": 2}}, {"q": 1}, {"expected_response": 2}),
        ({"input": "ask", "expected_output": "tell"}, {"input": "ask"}, {"output": "tell"}),
        ({"inputs": {"q": 1}}, {"q": 1}, None),
        ({"inputs": {"q": 1}, "outputs": None}, {"q": 1}, None),
    ],
)
def test_the_field_s_names_for_inputs_and_reference_are_understood(row: Any, inputs: Any, outputs: Any) -> None:
    example = example_from({"id": "a"} | row)
    assert (example.inputs, example.outputs) == (inputs, outputs)


def test_deepeval_s_empty_columns_and_langsmith_s_bookkeeping_are_left_out() -> None:
    row = {
        "input": "ask",
        "context": None,
        "tools_called": [],
        "created_at": "2026-01-01",
        "additional_metadata": {"k": 1},
    }
    example = example_from(row)
    assert (example.inputs, example.metadata) == ({"input": "ask"}, {"k": 1})


def test_tags_may_be_a_mapping_as_in_mlflow() -> None:
    assert example_from(ROW | {"tags": {"tier": "pro"}}).tags == ("tier:pro",)


def test_a_row_without_an_id_is_named_by_what_it_holds() -> None:
    row = {"inputs": {"q": 1}, "outputs": {"a": 2}}
    example = example_from(row)
    assert example.id == f"row-{identity(example)[:12]}"
    assert example_from(dict(reversed(row.items()))).id == example.id


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ('{"id": "a", "inputs": {}', "is not JSON: Expecting ',' delimiter at column 25"),
        ("[1]", "holds a list, not an object"),
        ("null", "holds null, not an object"),
        ('{"inputs": {"x": NaN}}', "holds NaN, which strict JSON does not have"),
        ('{"inputs": {"x": -Infinity}}', "holds -Infinity, which strict JSON does not have"),
        ('{"inputs": {"x": 1e999}}', "holds the number 1e999, too large to be one"),
        ('{"inputs": {}, "inputs": {}}', "says the field 'inputs' twice"),
        ('{"inputs": {"x": "\\ud800"}}', "half of a surrogate pair"),
        ("[" * 100_000, "nested too deeply"),
        ('{"inputs": {"x": ' + "9" * 5000 + "}}", "is not JSON that can be read"),
    ],
)
def test_a_line_that_is_no_strict_json_object_is_refused(line: str, sentence: str) -> None:
    with pytest.raises(RowError) as caught:
        parse(line)
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({"id": "a"}, "has no field 'inputs'; it has: id"),
        ({"id": "", "inputs": {}}, "has '' as 'id'"),
        ({"id": True, "inputs": {}}, "has True as 'id'"),
        ({"inputs": 3}, "has a number as 'inputs'; it must be an object"),
        ({"inputs": {}, "outputs": [1]}, "has a list as 'outputs'"),
        ({"inputs": {}, "input": {}}, "says 'inputs' twice, as 'inputs' and as 'input'"),
        ({"inputs": {}, "outptus": {"a": 1}}, "has the unknown field 'outptus'; known are id, inputs"),
        ({"inputs": {}, "tags": "tier:pro"}, "has 'tags' that are no list of texts"),
        ({"inputs": {}, "split": None}, "has null as 'split'"),
    ],
)
def test_a_row_that_is_no_example_is_refused(row: Any, sentence: str) -> None:
    with pytest.raises(RowError) as caught:
        example_from(row)
    assert sentence in str(caught.value)


def test_one_error_names_every_line_that_is_wrong(tmp_path: Path) -> None:
    path = write(tmp_path, ROW, "not json", ROW, {"id": "b"})
    assert error_of(path) == (
        f"{path} has 3 problems:\n"
        "  golden.jsonl line 2 is not JSON: Expecting value at column 1\n"
        "  golden.jsonl line 3 has the id 'a' of line 1 again; ids are unique in a dataset\n"
        "  golden.jsonl line 4 has no field 'inputs'; it has: id"
    )


def test_of_many_problems_ten_are_shown_and_all_are_counted(tmp_path: Path) -> None:
    lines = error_of(write(tmp_path, *["oops"] * 25)).splitlines()
    assert len(lines) == 11
    assert lines[0].endswith("has 25 problems, the first 10:")


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "holds no example"),
        (b"\n \n", "holds no example"),
        (b"PAR1\x00\x01\x02", "is binary or UTF-16"),
        (json.dumps(ROW).encode("utf-16"), "is binary or UTF-16"),
        (b'{"id": "caf\xe9", "inputs": {}}\n', "line 1 is not UTF-8: byte 0xe9 at position 12"),
        (b"[\n" + json.dumps(ROW).encode() + b"\n]", "is one JSON list, not JSON lines"),
    ],
)
def test_a_file_that_is_no_dataset_is_refused(tmp_path: Path, data: bytes, sentence: str) -> None:
    path = tmp_path / "d.jsonl"
    path.write_bytes(data)
    assert sentence in error_of(path)


def test_a_line_of_more_than_ten_megabytes_is_named_and_the_next_is_read(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    path.write_bytes(b'{"inputs": {"x": "' + b"a" * 10_000_001 + b'"}}\nno json\n')
    lines = error_of(path).splitlines()
    assert "line 1 is longer than 10 MB" in lines[1]
    assert "line 2 is not JSON" in lines[2]


def test_a_missing_file_names_its_neighbours(tmp_path: Path) -> None:
    write(tmp_path, ROW)
    assert error_of(tmp_path / "goldn.jsonl").endswith("beside it stand golden.jsonl")


def test_a_folder_without_golden_examples_names_what_it_holds(tmp_path: Path) -> None:
    write(tmp_path, ROW, name="other.jsonl")
    assert error_of(tmp_path).endswith("has no golden.jsonl; it holds other.jsonl: name the file")


def test_inputs_forbid_unknown_fields_at_every_depth_whatever_the_model_says(tmp_path: Path) -> None:
    inputs = {"body": "x", "subjct": "y", "sender": {"address": "z", "nmae": "w"}}
    text = error_of(write(tmp_path, ROW | {"inputs": inputs}), (Input, Output), ContractError)
    assert "line 1, example 'a', inputs.subjct: Extra inputs are not permitted" in text
    assert "line 1, example 'a', inputs.sender.nmae: Extra inputs are not permitted" in text


def test_outputs_ignore_unknown_fields_whatever_the_model_says(tmp_path: Path) -> None:
    path = write(tmp_path, ROW | {"outputs": {"label": "spam", "explanation": "new"}})
    assert load(path, (Input, Output)).examples[0].outputs == {"label": "spam", "explanation": "new"}


def test_a_breach_names_field_and_value(tmp_path: Path) -> None:
    path = write(tmp_path, ROW | {"outputs": {"score": "high"}})
    assert error_of(path, (Input, Output), ContractError).splitlines()[1:] == [
        "  golden.jsonl line 1, example 'a', outputs.label: Field required",
        (
            "  golden.jsonl line 1, example 'a', outputs.score: Input should be a valid number, "
            "unable to parse string as a number, got 'high'"
        ),
    ]


def test_a_missing_reference_breaks_no_contract(tmp_path: Path) -> None:
    assert load(write(tmp_path, ROW | {"outputs": None}), (Input, Output)).examples[0].outputs is None


def test_the_contract_s_place_is_parsed_into_module_and_names() -> None:
    names = contract_names("graphs.email.contract:Input, Output", "dataset.toml")
    assert (names.module, names.inputs, names.outputs) == ("graphs.email.contract", "Input", "Output")


@pytest.mark.parametrize(
    "text", ["", "graphs.x", "graphs.x:Input", "graphs.x:Input,Output,More", "graphs x:A,B", ":A,B"]
)
def test_another_shape_of_the_contract_s_place_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"d\.toml: contract = .* write it as"):
        contract_names(text, "d.toml")


@pytest.mark.parametrize(
    ("toml", "sentence"),
    [
        (
            "verison = 1",
            "'verison' is unknown; choose one of: version, kind, contract, description; did you mean 'version'",
        ),
        ("version = true", "version = True must be a text"),
        ("version = ", "cannot be read"),
    ],
)
def test_wrong_settings_are_refused(tmp_path: Path, toml: str, sentence: str) -> None:
    (tmp_path / "dataset.toml").write_text(toml)
    with pytest.raises(ConfigError) as caught:
        read_settings(tmp_path)
    assert sentence in str(caught.value)


def test_order_of_lines_spacing_key_order_tag_order_and_foreign_names_leave_the_hash_alone(tmp_path: Path) -> None:
    other = {"id": "b", "inputs": {"x": 1, "y": "é"}, "tags": ["p:1", "q:2"]}
    one = load(write(tmp_path / "one", ROW, other)).hash
    respaced = '{"tags":["q:2","p:1"],  "inputs": {"y": "\\u00e9", "x": 1 }, "id":"b"}'
    renamed = {"reference_outputs": ROW["outputs"], "inputs": ROW["inputs"], "id": "a"}
    assert load(write(tmp_path / "two", respaced, "", renamed)).hash == one


@pytest.mark.parametrize(
    "change", [{"id": "z"}, {"inputs": {"body": "hello "}}, {"outputs": None}, {"tags": ["t:1"]}, {"contract": "2"}]
)
def test_any_change_of_content_changes_the_hash(change: dict[str, Any]) -> None:
    assert fingerprint([example_from(ROW | change)]) != fingerprint([example_from(ROW)])


def test_the_hash_of_no_example_is_that_of_no_bytes() -> None:
    # sha256("") is a published constant.
    assert fingerprint([]) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@settings(max_examples=25)
@given(st.lists(st.text(min_size=1).filter(str.strip), unique=True, min_size=1, max_size=8), st.randoms())
def test_the_hash_is_a_function_of_the_set_of_rows(ids: list[str], random: Any) -> None:
    examples = [Example(name, {"n": n}) for n, name in enumerate(ids)]
    shuffled = list(examples)
    random.shuffle(shuffled)
    assert fingerprint(shuffled) == fingerprint(examples)
