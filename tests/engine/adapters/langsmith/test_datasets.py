"""Datasets travel to LangSmith and back; the real SDK speaks to a server on this machine."""

import json
import threading
import urllib.request
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from langsmith import Client, evaluate
from langsmith.utils import LangSmithConflictError
from pydantic import BaseModel
from urllib3.util import Retry

from seatrial.adapters.langsmith import NotReached, connect, evidence_of, pull_dataset, push_dataset, write_jsonl
from seatrial.adapters.langsmith.row import example_uuid, to_their_example
from seatrial.dataset import Example, fingerprint, load
from seatrial.errors import ConfigError, ContractError, DataError, UsageError
from seatrial.testing.langsmith_server import LangSmithServer

from .conftest import SECRET, dataset_of, example


@pytest.fixture(params=[True, False], ids=["multipart", "json"])
def server(request):
    """As the hosted service takes examples, and as an older one does."""
    with LangSmithServer(multipart=request.param) as running:
        yield running


def counts(pushed):
    return pushed.created, pushed.updated, pushed.deleted, pushed.unchanged, pushed.foreign


def test_a_round_trip_keeps_every_field_and_the_hash(client, dataset):
    pushed = push_dataset(client, dataset)
    assert counts(pushed) == (4, 0, 0, 0, 0)
    pulled = pull_dataset(client, dataset.name)
    assert pulled.examples == dataset.examples
    assert pulled.hash == dataset.hash == pushed.hash
    assert (pulled.foreign, pulled.dataset_id) == ((), pushed.dataset_id)


def test_langsmith_sees_the_split_as_a_split_and_our_metadata_as_metadata(client, dataset):
    push_dataset(client, dataset)
    (train,) = client.list_examples(dataset_name=dataset.name, splits=["train"])
    assert train.metadata["seatrial"] == {"id": "e2", "tags": [], "contract": "2"}
    (noted,) = [one for one in client.list_examples(dataset_name=dataset.name) if "note" in one.metadata]
    assert noted.metadata["note"] == {"deep": [1, 2.5, None]}


def test_pushing_twice_changes_nothing(client, server, dataset):
    push_dataset(client, dataset)
    before = json.dumps(server.examples)
    assert counts(push_dataset(client, dataset)) == (0, 0, 0, 4, 0)
    assert json.dumps(server.examples) == before
    assert len(server.datasets) == 1


def test_only_what_differs_is_written_and_what_we_no_longer_have_goes(client, dataset):
    push_dataset(client, dataset)
    one, two, three, four = dataset.examples
    later = dataset_of(replace(one, outputs=None), replace(two, split="test", metadata={"x": 1}), four, example("e5"))
    assert counts(push_dataset(client, later)) == (1, 2, 1, 1, 0)
    assert pull_dataset(client, dataset.name).hash == later.hash
    assert three.id not in {example.id for example in later.examples}


def test_what_somebody_added_or_copied_in_langsmith_is_left_alone_and_comes_back(client, dataset):
    pushed = push_dataset(client, dataset)
    first = next(iter(client.list_examples(dataset_id=pushed.dataset_id, metadata=None)))
    client.create_examples(
        dataset_id=pushed.dataset_id,
        examples=[
            {"inputs": {"q": "by hand"}},
            {"inputs": first.inputs, "reference_outputs": first.outputs, "metadata": first.metadata},
        ],
    )
    assert counts(push_dataset(client, dataset)) == (0, 0, 0, 4, 2)
    pulled = pull_dataset(client, dataset.name)
    assert len(pulled.examples) == 6
    assert len({one.id for one in pulled.examples}) == 6
    assert len(pulled.foreign) == 2
    by_hand = next(one for one in pulled.examples if one.inputs == {"q": "by hand"})
    assert (by_hand.outputs, by_hand.id in pulled.foreign) == (None, True)


def test_a_dataset_born_in_langsmith_is_not_doubled_by_a_push_and_keeps_its_splits(client, server):
    born = client.create_dataset("born")
    client.create_examples(
        dataset_id=born.id,
        examples=[
            {"inputs": {"q": "one"}, "reference_outputs": {"a": 1}, "split": ["base", "hard"]},
            {"inputs": {"q": "two"}, "reference_outputs": {}},
        ],
    )
    pulled = pull_dataset(client, "born")
    before = json.dumps(server.examples)
    assert counts(push_dataset(client, replace(dataset_of(*pulled.examples), name="born"))) == (0, 0, 0, 2, 2)
    assert json.dumps(server.examples) == before
    edited = [replace(one, outputs={"a": 2}) if one.inputs == {"q": "one"} else one for one in pulled.examples]
    assert counts(push_dataset(client, replace(dataset_of(*edited), name="born")))[:2] == (0, 1)
    (one,) = client.list_examples(dataset_name="born", splits=["hard"])
    assert one.outputs == {"a": 2}
    assert sorted(pull_dataset(client, "born").examples, key=str) == sorted(edited, key=str)


def test_a_split_added_in_langsmith_is_kept_by_a_push_that_says_nothing_of_it(client, dataset):
    pushed = push_dataset(client, dataset)
    number = example_uuid(pushed.dataset_id, "e2")
    client.update_examples(dataset_id=pushed.dataset_id, updates=[{"id": number, "split": ["train", "hard"]}])
    assert counts(push_dataset(client, dataset)) == (0, 0, 0, 4, 0)
    edited = dataset_of(*[replace(one, outputs={"a": "!"}) if one.id == "e2" else one for one in dataset.examples])
    assert counts(push_dataset(client, edited)) == (0, 1, 0, 3, 0)
    (one,) = client.list_examples(dataset_name=dataset.name, splits=["hard"])
    assert one.metadata["dataset_split"] == ["train", "hard"]


def test_an_edit_made_in_langsmith_is_pulled_and_a_push_sets_it_back(client, dataset):
    pushed = push_dataset(client, dataset)
    number = example_uuid(pushed.dataset_id, "e1")
    client.update_examples(dataset_id=pushed.dataset_id, updates=[{"id": number, "outputs": {"a": "hello"}}])
    assert pull_dataset(client, dataset.name).examples[0].outputs == {"a": "hello"}
    assert counts(push_dataset(client, dataset)) == (0, 1, 0, 3, 0)
    assert pull_dataset(client, dataset.name).hash == dataset.hash


def test_more_than_a_page_arrives_whole(client):
    many = dataset_of(*[example(f"e{i:03}", f"question {i}") for i in range(250)])
    push_dataset(client, many, name="many")
    assert pull_dataset(client, "many").hash == many.hash
    assert counts(push_dataset(client, dataset_of(many.examples[0]), name="many")) == (0, 0, 249, 1, 0)


def test_personal_data_is_refused_before_anything_is_sent(client, server):
    leaky = dataset_of(example("e1"), example("e2", f"call me: {SECRET}"))
    with pytest.raises(DataError, match=r"1 in all: 'e2' \(phone \+\*\*\*1\)") as caught:
        push_dataset(client, leaky)
    assert SECRET not in str(caught.value)
    assert server.requests == ()


def test_a_name_that_is_taken_in_the_metadata_is_a_sentence(client, server):
    with pytest.raises(DataError, match="'dataset_split' in its metadata, where LangSmith keeps its own"):
        push_dataset(client, dataset_of(example("e1", metadata={"dataset_split": "x"})))
    assert server.requests == ()


class Input(BaseModel):
    q: str


class Output(BaseModel):
    a: str


def test_what_is_pulled_is_held_against_the_contract(client):
    push_dataset(client, dataset_of(example("e1"), Example("e2", {"q": 7}), Example("e3", {"p": "x"})), name="d")
    assert len(pull_dataset(client, "d").examples) == 3
    with pytest.raises(ContractError) as caught:
        pull_dataset(client, "d", contract=(Input, Output))
    reported = str(caught.value).splitlines()
    assert reported[0] == "dataset 'd' in LangSmith has 3 problems:"
    assert sorted(line.split(":")[0] for line in reported[1:]) == [
        "  example 'e2', inputs.q",
        "  example 'e3', inputs.p",
        "  example 'e3', inputs.q",
    ]


def test_what_was_broken_in_langsmith_is_said_by_its_id(client, server):
    pushed = push_dataset(client, dataset_of(example("e1")), name="d")
    (stored,) = server.examples.values()
    stored["metadata"]["seatrial"]["tags"] = "tier:pro"
    with pytest.raises(DataError, match=rf"example {stored['id']} has 'tags' that are no list of texts"):
        pull_dataset(client, "d")
    assert counts(push_dataset(client, dataset_of(example("e1")), name="d")) == (0, 1, 0, 0, 0)
    assert pushed.created == 1


def test_a_pulled_dataset_is_a_file_like_any_other(client, dataset, tmp_path):
    push_dataset(client, dataset)
    file = tmp_path / "greeter" / "golden.jsonl"
    write_jsonl(pull_dataset(client, dataset.name), file)
    assert load(file).hash == dataset.hash
    assert [one.name for one in file.parent.iterdir()] == ["golden.jsonl"]


def test_personal_data_somebody_typed_into_langsmith_is_not_written_into_a_fixture(client, dataset, tmp_path):
    pushed = push_dataset(client, dataset)
    client.create_examples(dataset_id=pushed.dataset_id, examples=[{"inputs": {"q": SECRET}}])
    with pytest.raises(DataError, match="was not written"):
        write_jsonl(pull_dataset(client, dataset.name), tmp_path / "golden.jsonl")
    assert list(tmp_path.iterdir()) == []


def test_a_dataset_that_is_not_there_or_empty_is_a_sentence(client):
    with pytest.raises(UsageError, match="no dataset 'nowhere'"):
        pull_dataset(client, "nowhere")
    client.create_dataset("hollow")
    with pytest.raises(DataError, match="'hollow' holds no example"):
        pull_dataset(client, "hollow")


def test_the_environment_names_key_and_address(server, dataset, monkeypatch):
    shell = {"LANGSMITH_API_KEY": server.key, "LANGCHAIN_ENDPOINT": server.url}
    push_dataset(connect(shell), dataset)
    assert {request.headers["x-api-key"] for request in server.requests if "x-api-key" in request.headers} == {
        server.key
    }
    monkeypatch.setenv("LANGSMITH_RUNS_ENDPOINTS", '{"http://127.0.0.1:9": "k"}')  # where traces go, not datasets
    assert push_dataset(connect(shell), dataset).unchanged == 4
    with pytest.raises(ConfigError, match="set LANGSMITH_API_KEY"):
        connect({"LANGSMITH_API_KEY": " "})


def test_each_refusal_is_one_sentence_that_says_what_to_do(server, dataset):
    def reported(key=server.key, url=server.url):
        with pytest.raises(NotReached) as caught:
            push_dataset(connect({"LANGSMITH_API_KEY": key, "LANGSMITH_ENDPOINT": url}, retries=0), dataset)
        assert key not in str(caught.value)
        assert "\n" not in str(caught.value)
        return str(caught.value).removeprefix(f"dataset '{dataset.name}' could not be pushed: ")

    where = f"LangSmith at {server.url}"
    assert reported(key="another-key").startswith(f"{where} does not know the API key (401); check LANGSMITH_API_KEY")
    server.mode = "rate_limited"
    assert reported().startswith(f"{where} asks for fewer requests (429)")
    server.mode = "server_error"
    assert reported() == f"{where} answered 500"
    server.mode = "normal"
    with LangSmithServer() as missing_share:
        pass
    assert (
        reported(url=missing_share.url)
        == f"no answer from LangSmith at {missing_share.url}; check LANGSMITH_ENDPOINT and the network"
    )
    assert reported(url="http://user:pass@127.0.0.1:9").startswith("no answer from LangSmith at http://127.0.0.1:9;")


def test_a_rate_limit_is_said_at_once_and_not_asked_again(server, dataset):
    server.mode = "rate_limited"
    with pytest.raises(NotReached, match="429"):
        pull_dataset(connect({"LANGSMITH_API_KEY": server.key, "LANGSMITH_ENDPOINT": server.url}), dataset.name)
    assert [urlpath(request) for request in server.requests] == ["/datasets"]


def test_what_answers_and_is_not_langsmith_is_a_sentence(dataset):
    class Page(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>sign in</html>")

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        url = f"http://127.0.0.1:{http.server_address[1]}"
        with pytest.raises(NotReached, match=f"what answers at {url} is not LangSmith; check LANGSMITH_ENDPOINT"):
            pull_dataset(connect({"LANGSMITH_API_KEY": "k", "LANGSMITH_ENDPOINT": url}), dataset.name)
        http.shutdown()
        thread.join()


def test_a_push_that_was_cut_off_goes_on_where_it_stopped(client, server, dataset):
    push_dataset(client, dataset_of(*dataset.examples[:2]))
    server.mode = "rate_limited"
    with pytest.raises(NotReached):
        push_dataset(client, dataset)
    server.mode = "normal"
    assert counts(push_dataset(client, dataset)) == (2, 0, 0, 2, 0)


def test_the_server_refuses_what_the_service_would(client, server):
    client.create_dataset("d")
    with pytest.raises(LangSmithConflictError):
        client.create_dataset("d")
    assert urllib.request.urlopen(f"{server.url}/info").status == 200
    assert [request.status for request in server.requests if request.method == "POST"] == [200, 409]


def test_an_evaluation_that_is_uploaded_to_the_server_is_evidence_under_our_ids(client, server, dataset):
    pushed = push_dataset(client, dataset)

    def right(outputs, reference_outputs):
        return outputs == reference_outputs

    uploader = Client(api_url=server.url, api_key=server.key, retry_config=Retry(total=0), tracing_sampling_rate=1)
    results = evaluate(lambda inputs: {"a": "HI"}, data=dataset.name, evaluators=[right], client=uploader)
    uploader.flush()
    uploader.close()
    evidence = evidence_of(results, version="v1")
    assert sorted(evidence.codes("example_id").values) == ["e1", "e2", "e3", "e4"]
    assert evidence.values("dataset_hash")[0] == dataset.hash
    assert {urlpath(request) for request in server.requests} >= {"/runs/multipart", "/sessions"}
    assert pushed.dataset_id in server.datasets


def urlpath(request):
    return request.target.partition("?")[0]


def test_an_examples_uuid_is_the_same_on_every_machine():
    assert str(example_uuid("d", "e1")) == str(to_their_example(example("e1"), "d").id)
    assert example_uuid("d", "e1") != example_uuid("c", "e1")


def test_the_hash_of_what_was_pulled_is_a_fingerprint(client, dataset):
    push_dataset(client, dataset)
    assert fingerprint(pull_dataset(client, dataset.name).examples) == fingerprint(dataset.examples)
