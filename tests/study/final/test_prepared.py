"""What a final training starts with; the oracle is the law of whitened patches."""

from pathlib import Path

import torch
from torch.nn import functional as F

from evonas.evaluation.architectures.named import NamedArchitecture
from evonas.evaluation.data.fitting import Fitting
from evonas.evaluation.final.recipe import FinalRecipe
from evonas.evaluation.training.augment import FramedImages
from evonas.study.final.job import FinalJob
from evonas.study.final.prepared import load_job_data, prepared_network


def test_whitening_stem_is_fitted_to_the_training_images() -> None:
    recipe = FinalRecipe("", 1, 20, 0.1, validation_share=0.5)
    architecture = NamedArchitecture("fast-cifar10", ("kp",))
    job = FinalJob(architecture, "digits", None, 0, "fp32", recipe, Fitting(16))
    data = load_job_data(job, data_dir=Path(), device="cpu")
    assert isinstance(data.train, FramedImages)
    network = prepared_network(job, data, seed=0)
    pixels = data.train.pixels.float().permute(0, 3, 1, 2) / 255
    normalised = (pixels - network.mean) / network.deviation
    components = network.state_dict()["body.stem.0.components"]
    outputs = F.conv2d(normalised, components).movedim(1, 0).flatten(1).double()
    half = len(components) // 2  # the others are these with the opposite sign
    moments = outputs[:half] @ outputs[:half].t() / outputs.shape[1]
    variances = moments.diagonal()
    torch.testing.assert_close(moments, variances.diag(), atol=1e-4, rtol=0)
    assert variances.max() > 0.99
