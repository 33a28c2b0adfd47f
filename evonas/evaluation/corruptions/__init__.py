"""Common corruptions of images, computed on tensors: a set of our own, not CIFAR-10-C."""
