"""The audit: what must hold of every sequence-to-sequence model, looked at on yours, check by check."""

from seq2seq_utils.evaluation.audit.adapter import Adapter, seq2seq_adapter
from seq2seq_utils.evaluation.audit.report import Audit, Finding, Outcome
from seq2seq_utils.evaluation.audit.running import audit
from seq2seq_utils.evaluation.audit.table import CHECKS, Check

__all__ = ["CHECKS", "Adapter", "Audit", "Check", "Finding", "Outcome", "audit", "seq2seq_adapter"]
