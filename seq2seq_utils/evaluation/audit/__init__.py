"""The audit: what must hold of every sequence-to-sequence model, looked at on yours, check by check."""

from seq2seq_utils.evaluation.audit.adapter import Adapter, greedy_ids, seq2seq_adapter, without_padding
from seq2seq_utils.evaluation.audit.report import Audit, Finding, Outcome
from seq2seq_utils.evaluation.audit.running import audit
from seq2seq_utils.evaluation.audit.table import CHECKS, Check

__all__ = [
    "CHECKS",
    "Adapter",
    "Audit",
    "Check",
    "Finding",
    "Outcome",
    "audit",
    "greedy_ids",
    "seq2seq_adapter",
    "without_padding",
]
