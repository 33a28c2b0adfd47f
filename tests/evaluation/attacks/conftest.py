"""Images that are attacked."""

import pytest
import torch

from evonas.evaluation.data.images import Images, SearchData


@pytest.fixture
def images(digits: SearchData) -> Images:
    return digits.validation.subset(torch.arange(40))
