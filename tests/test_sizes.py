"""How large a model must be: at least so many parameters, and no more than the next size up has."""

import pytest
import torch
from torch import nn

from seq2seq_utils.models import (
    count_parameters,
    parameters_of,
    size_with,
    transformer_model,
    transformer_with,
)


def square(size: int) -> nn.Module:
    return nn.Linear(size, size, bias=False)


def test_parameters_are_counted_without_making_a_model_and_no_random_number_is_drawn():
    before = torch.get_rng_state()
    assert parameters_of(lambda: square(1_000_000)) == 10**12
    assert torch.equal(torch.get_rng_state(), before)


def test_the_size_is_the_first_with_so_many_parameters_or_more():
    sizes = range(2, 40, 2)
    assert size_with(100, sizes, square) == 10
    assert size_with(101, sizes, square) == 12
    assert size_with(1, sizes, square) == 2
    with pytest.raises(ValueError, match=r"^sizes: none up to 38 gives a model 1445 parameters$"):
        size_with(38**2 + 1, sizes, square)
    with pytest.raises(ValueError, match=r"^sizes: none up to 0 "):
        size_with(1, [], square)


@pytest.mark.parametrize("settings", [{}, {"layers": 1, "heads": 3}, {"layers": 3, "heads": 8, "tied": True}])
def test_a_transformer_has_as_few_parameters_more_as_can_be(settings):
    vocabularies, parameters = (300, 500), 250_000
    model = transformer_with(parameters, *vocabularies, dropout=0.2, **settings)
    made_with = model.made_with
    assert made_with == {
        **transformer_model(*vocabularies, made_with["model_size"]).made_with,
        "dropout": 0.2,
        **settings,
        "feed_forward_size": made_with["feed_forward_size"],
    }

    def smaller_or_larger(**sizes: int | None) -> int:
        arguments = made_with | sizes
        return parameters_of(
            lambda: transformer_model(*(value for name, value in arguments.items() if name != "model"))
        )

    inner, size = made_with["feed_forward_size"], made_with["model_size"]
    assert smaller_or_larger(feed_forward_size=inner - 1) < parameters <= count_parameters(model)
    # The vectors are as long as they can be where the layer between is four times as long, or longer.
    step = 6 if settings.get("heads") == 3 else settings.get("heads", 4)
    assert inner >= 4 * size
    assert smaller_or_larger(feed_forward_size=None) <= parameters
    assert smaller_or_larger(model_size=size + step, feed_forward_size=None) > parameters


def test_where_the_paper_s_shape_fits_to_the_number_it_is_taken():
    parameters = parameters_of(lambda: transformer_model(300, 500, 48))
    made_with = transformer_with(parameters, 300, 500).made_with
    assert (made_with["model_size"], made_with["feed_forward_size"]) == (48, 192)


def test_sizes_that_cannot_be_are_named():
    fewest = parameters_of(lambda: transformer_model(300, 500, 4))
    assert count_parameters(transformer_with(fewest, 300, 500)) == fewest
    with pytest.raises(ValueError, match=rf"^parameters: {fewest - 1} is too few; the smallest .* {fewest}$"):
        transformer_with(fewest - 1, 300, 500)
    for heads in (0, -4):
        with pytest.raises(ValueError, match=rf"^heads: {heads} is not allowed"):
            transformer_with(250_000, 300, 500, heads=heads)
    with pytest.raises(ValueError, match=r"^layers: 0 is not allowed"):
        transformer_with(250_000, 300, 500, layers=0)
