"""What a layer keeps for its backward pass: ids for a look-up, one-hot vectors for a product."""

import torch
from torch import nn

from seq2seq_utils.evaluation.memory import bytes_kept_for_backward
from seq2seq_utils.models import OneHotLinear

IDS = torch.zeros(6, 5, dtype=torch.long)


def test_a_look_up_keeps_its_ids_and_a_product_its_one_hot_vectors():
    assert bytes_kept_for_backward(nn.Embedding(7, 3), IDS) == 6 * 5 * 8  # an id has 8 bytes
    assert bytes_kept_for_backward(OneHotLinear(7, 3), IDS) == 6 * 5 * 7 * 4  # a float has 4


def test_frozen_weights_keep_nothing():
    assert bytes_kept_for_backward(OneHotLinear(7, 3).requires_grad_(False), IDS) == 0
