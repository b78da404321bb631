"""Several processes that train one model: `torchrun` starts them, PyTorch's collectives join their work.

Each has a copy of the model and, of every batch, some of the rows. Each backward pass ends with the same
gradient in all, so that the copies stay equal. In one process everything here does nothing.

Tried with gloo, on CPUs. For GPUs NCCL is taken; with several processes it is untried.
"""

from __future__ import annotations

import os
import random
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial
from types import FrameType
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from seq2seq_utils.batching import Batch, Batches, PairLoader, idle_batch
from seq2seq_utils.models import Seq2Seq
from seq2seq_utils.training.seeds import pick_device

T = TypeVar("T")
Predict = Callable[[Seq2Seq, Batch, float], Tensor]

# How long a process waits for the others: longer than what the first one does alone may take, before the
# training and after an epoch. When one is killed its connections break, and the others know at once.
TIMEOUT = timedelta(hours=1)
# What torchrun says to each process that it starts.
VARIABLES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
_LOST = "another process has ended, or does not answer"


class ProcessLostError(RuntimeError):
    """Another process of the training has ended, or does not answer."""


class FirstFailedError(RuntimeError):
    """What the first process did for all has failed; it has the reason, and the others this."""


# ----------------------------------------------------------------------------------- beginning, ending
@contextmanager
def several_processes(device: str | None = None, threads: int | None = None) -> Iterator[None]:
    """Within it, a process that torchrun has started works together with the others; else nothing happens.

    Each gets its threads and, of this machine's GPUs, the one with its number, which is what ``"cuda"`` means
    then. Only the first shows progress bars. When a process ends before its time, all others end, too, with
    exit code 1 and one line on stderr; or without a line where what ended was the first, and it has the word
    (see `from_first`).

    Args:
        device: see `pick_device`; CPUs talk by gloo, GPUs by NCCL.
        threads: of each process; by default an equal share of this machine's cores. (OMP_NUM_THREADS is not
            looked at: torchrun sets it to 1.)

    Raises:
        ValueError: if `threads` is less than 1, there is no such device, it cannot be shared out, or there
            are fewer GPUs here than processes.
    """
    if threads is not None and threads < 1:
        raise ValueError(f"threads: {threads} is not allowed; it must be 1 or more")
    if not all(name in os.environ for name in VARIABLES):
        yield
        return
    backend = _prepare(device, threads)
    name = f"process {os.environ['RANK']} of {os.environ['WORLD_SIZE']}"

    def end(signal_number: int, frame: FrameType | None) -> None:  # torchrun ends the others so
        raise SystemExit(f"{name}: stopped from outside; the same command goes on from the checkpoint")

    before = signal.signal(signal.SIGTERM, end)
    try:
        with _answering():
            distributed.init_process_group(backend, timeout=TIMEOUT)
        yield
    except FirstFailedError:
        sys.exit(1)
    except RuntimeError as error:
        if not _is_lost(error):
            raise
        # Now the signal may come at any moment; it is to end what the libraries still wait for, in silence.
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        print(f"{name}: {_LOST}; the same command goes on from the checkpoint", file=sys.stderr, flush=True)
        sys.exit(1)
    finally:
        signal.signal(signal.SIGTERM, before)
        if distributed.is_initialized():
            distributed.destroy_process_group()


def _prepare(device: str | None, threads: int | None) -> str:
    """Gives this process its threads and its GPU; returns the backend."""
    on_this_machine, here = int(os.environ["LOCAL_WORLD_SIZE"]), int(os.environ["LOCAL_RANK"])
    torch.set_num_threads(threads or max(1, _cores() // on_this_machine))
    if os.environ["RANK"] != "0":
        os.environ["TQDM_DISABLE"] = "1"
    picked = pick_device(device)
    if picked.type == "cpu":
        return "gloo"
    if picked != torch.device("cuda"):
        raise ValueError(
            f"device: {picked} is not allowed in several processes; it must be cpu, or cuda, a GPU for each"
        )
    gpus = torch.cuda.device_count()
    if gpus < on_this_machine:
        raise ValueError(
            f"device: there are {gpus} GPUs here, and {on_this_machine} processes; each needs one"
        )
    torch.cuda.set_device(here)
    return "nccl"


def _cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _is_lost(error: RuntimeError) -> bool:
    """Whether another process does not answer; a backward pass says it in the library's words."""
    if isinstance(error, ProcessLostError | distributed.DistBackendError):
        return True
    return "gloo" in str(error) or "Connection closed by peer" in str(error)


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:  # of gloo or NCCL, in many words
        raise ProcessLostError(_LOST) from error


def process_count() -> int:
    """How many processes train together; 1 for one by itself."""
    return distributed.get_world_size() if _is_begun() else 1


def process_number() -> int:
    """The number of this one, from 0: the first writes files, prints, and measures."""
    return distributed.get_rank() if _is_begun() else 0


def _is_begun() -> bool:
    return distributed.is_available() and distributed.is_initialized()


# ------------------------------------------------------------------------------------- sharing the work
def share_of(loader: Batches) -> Iterable[Batch]:
    """This process's share of each batch that is left of an epoch; in one process the loader itself.

    The order of the batches is that of one process, and the loader's place moves as it does there. The rows
    of a batch stand in the order of their lengths; they are dealt out there and back, 0 1 2 2 1 0 …, so that
    every process gets as many long and short ones, and waits little for the others. A process for which no
    row is left gets `idle_batch`.

    Raises:
        ValueError: if there are several processes, and the loader is not one of `make_loader`.
    """
    if process_count() == 1:
        return loader
    if not isinstance(loader, PairLoader):
        raise ValueError(
            f"loader: {type(loader).__name__} cannot be shared out to {process_count()} processes; take one "
            "from `make_loader`"
        )
    return _shares(loader)


def _shares(loader: PairLoader) -> Iterator[Batch]:
    for rows in loader.batch_sampler:
        share = deal_out(rows, process_count())[process_number()]
        yield loader.collate_fn(loader.dataset.__getitems__(share)) if share else idle_batch()


def deal_out(rows: Sequence[int], hands: int) -> list[list[int]]:
    """Deals rows out there and back: with three hands to 0, 1, 2, 2, 1, 0, 0, 1 and so on."""
    there_and_back = [*range(hands), *reversed(range(hands))]
    dealt: list[list[int]] = [[] for _ in range(hands)]
    for place, row in enumerate(rows):
        dealt[there_and_back[place % (2 * hands)]].append(row)
    return dealt


class _Predicting(nn.Module):
    """A model whose `forward` is `predict`: what `DistributedDataParallel` wants to go through."""

    def __init__(self, model: Seq2Seq, predict: Predict) -> None:
        super().__init__()
        self.model = model
        self.predict = predict

    def forward(self, batch: Batch, teacher_forcing: float) -> Tensor:
        return self.predict(self.model, batch, teacher_forcing)


def data_parallel(model: Seq2Seq, predict: Predict) -> Callable[[Batch, float], Tensor]:
    """`predict` with this model, in PyTorch's distributed data parallel where several processes train.

    It gives each process the first one's weights, and in each backward pass the mean of all gradients.

    Raises:
        ProcessLostError: if another process has ended.
    """
    if process_count() == 1:
        return partial(predict, model)
    with _answering():
        together = DistributedDataParallel(_Predicting(model, predict))
    return cast(Callable[[Batch, float], Tensor], together)


def sum_over_processes(loss: Tensor, tokens: int) -> tuple[Tensor, int]:
    """The summed loss, without gradients, and the number of tokens of all processes.

    The mean over processes of gradients of (loss / tokens of all × processes) is that of the loss per token
    over the rows of all. A mean of the processes' means would count the tokens of one with few of them more.

    Args:
        loss: summed over this process's rows, a number.
        tokens: how many they have; there may be none.

    Raises:
        ProcessLostError: if another process has ended.
    """
    if process_count() == 1:
        return loss.detach(), tokens
    sums = torch.stack([loss.detach().double(), loss.new_tensor(tokens, dtype=torch.float64)])
    with _answering():
        distributed.all_reduce(sums)
    return sums[0], int(sums[1])


# ------------------------------------------------------------------------------------ what all know alike
def from_first(work: Callable[[], T]) -> T:
    """What the first process finds, in all of them: the others wait for it, and do not work themselves.

    Raises:
        ProcessLostError: if the first, or another, has ended.
        FirstFailedError: in the others, if the work raises an error, which goes on in the first.
    """
    if process_count() == 1:
        return work()
    found: list[tuple[T] | None] = [None]  # a tuple: what is found may be None
    if process_number() == 0:
        try:
            found = [(work(),)]
        except Exception:
            with suppress(ProcessLostError):
                _share_first(found)
            raise
    _share_first(found)
    if found[0] is None:
        raise FirstFailedError("the first process has failed; it says why")
    return found[0][0]


def _share_first(values: list[Any]) -> None:
    """Puts what the first process has in a list into those of the others."""
    with _answering():
        distributed.broadcast_object_list(values, src=0)


def gather(value: T) -> list[T]:
    """The values of all processes, in the order of their numbers.

    Raises:
        ProcessLostError: if another process has ended.
    """
    if process_count() == 1:
        return [value]
    values: list[T] = [value] * process_count()
    with _answering():
        distributed.all_gather_object(values, value)
    return values


def draw_apart() -> None:
    """From here on each process draws other random numbers; the first one what it would draw alone.

    What the others draw follows from where the random numbers have got to, which must be the same in all.
    """
    if process_number() > 0:
        seed = int(torch.randint(2**62, (process_number(),))[-1])
        random.seed(seed)
        torch.manual_seed(seed)
