"""The two tools that measure the package: how fast it is, and whether a move has changed its numbers."""

import re
from dataclasses import replace

import benchmark
import digests
import pytest
import torch

from seq2seq_utils import grammar
from seq2seq_utils.batching import make_batch
from seq2seq_utils.models import attention_model, plain_model, transformer_model


def test_the_benchmark_prints_a_row_for_each_promise(monkeypatch, capsys):
    small = {"RUNS": 1, "PAIRS": 20, "TRAINED": 20, "SENTENCES": 4, "SEARCH_BATCH_SIZE": 4, "STEPS": 1}
    small |= {"PROCESS_STEPS": 2, "PROCESS_RUNS": 2}
    for name, value in small.items():
        monkeypatch.setattr(benchmark, name, value)
    tiny = replace(benchmark.RECIPE, pieces=20, embedding_size=4, hidden_size=8, attention_size=4)
    monkeypatch.setattr(benchmark, "RECIPE", tiny)
    benchmark.main()
    written = capsys.readouterr().out
    promises = ["under 2 s", "0.45 or more", "10 or more", "0.85 or more"]
    assert [written.count(promise) for promise in promises] == [2, 1, 3, 1]
    shares = re.findall(
        r"^two processes, (\d+) pairs each, of two models +(\d\.\d\d)\b", written, re.MULTILINE
    )
    assert [pairs for pairs, _ in shares] == ["64", "32"]
    rows = [line for line in written.splitlines() if " ms" in line or "sentences/s" in line]
    assert len(rows) == 3 + 3 * (2 + 4)


def test_the_large_benchmark_prints_a_row_for_each_promise(monkeypatch, capsys, tmp_path):
    pytest.importorskip("resource", reason="only Unix counts the memory of a process in this way")
    import benchmark_large

    small = {"PIECES": 100, "SAMPLE": 100, "BATCH_SIZE": 8, "ROUNDS": 2, "STEPS": 3, "SMALL": 100}
    for name, value in small.items():
        monkeypatch.setattr(benchmark_large, name, value)
    tiny = replace(benchmark_large.QUICK, embedding_size=4, hidden_size=4, attention_size=4)
    monkeypatch.setattr(benchmark_large, "QUICK", tiny)
    benchmark_large.main(["--pairs", "200", "--folder", str(tmp_path)])
    written = capsys.readouterr().out
    promises = ["30 min at most", "under 4 GB", "under 10 s", "0.95 or more"]
    assert [written.count(promise) for promise in promises] == [1] * 4
    assert len((tmp_path / "pairs.tsv").read_text(encoding="utf-8").splitlines()) == 200
    ratio = float(re.search(r"the first, of the second +([\d.]+)", written)[1])
    speeds = [float(speed.replace(",", "")) for speed in re.findall(r"([\d,]+) tokens/s", written)]
    assert ratio == pytest.approx(speeds[0] / speeds[1], rel=0.01)


@pytest.mark.parametrize("make", [plain_model, attention_model, transformer_model])
def test_both_ways_that_are_timed_compute_the_same_gradients(make, id_pairs):
    model = make(20, 20, 8, 6)
    batch = make_batch(id_pairs[:5])
    with torch.no_grad():
        encoded = model.encoder(batch.source, batch.source_lengths)
    found = []
    for way in (benchmark.gradients_by_steps, benchmark.gradients_at_once):
        model.zero_grad()
        way(model, batch.target_input, encoded)
        found.append(
            [weights.grad.clone() for weights in model.decoder.parameters() if weights.grad is not None]
        )
    assert len(found[0]) == len(found[1]) > 5
    for by_steps, at_once in zip(*found, strict=True):
        torch.testing.assert_close(by_steps, at_once, rtol=1e-4, atol=1e-4)


@pytest.fixture
def lines(monkeypatch, capsys):
    for name, value in {"PAIRS": 60, "STEPS": 2, "BATCH_SIZE": 8, "SENTENCES": 3}.items():
        monkeypatch.setattr(digests, name, value)

    def run() -> dict[str, str]:
        digests.main()
        rows = [line.rsplit(maxsplit=1) for line in capsys.readouterr().out.splitlines()]
        return {what.strip(): digest for what, digest in rows}

    return run


def test_digests_stay_where_nothing_changes_and_tell_what_has_changed(lines, monkeypatch):
    before = lines()
    assert lines() == before
    assert len(before) == 2 + 3 * 4
    assert len(set(before.values())) >= 11  # a beam of 1 and one of 5 may agree

    def changed() -> set[str]:
        return {what for what, digest in lines().items() if digest != before[what]}

    def slightly_other(source: int, target: int):
        model = plain_model(source, target)
        with torch.no_grad():
            list(model.parameters())[-1][5] += 1e-3
        return model

    with monkeypatch.context() as patch:
        patch.setattr(digests, "plain_model", slightly_other)
        assert {"logits, plain", "losses of 2 steps, plain"} <= changed()
        assert all("plain" in what for what in changed())
    monkeypatch.setattr(digests, "generate", lambda *given, seed: grammar.generate(*given, seed=seed + 1))
    assert {"pairs, french", "pairs, korean"} <= changed()
