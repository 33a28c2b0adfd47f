"""Common corruptions of images, computed on tensors: evonas's own set, not CIFAR-10-C."""
