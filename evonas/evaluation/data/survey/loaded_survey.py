"""Survey a data set that is loaded as a whole."""

from pathlib import Path

from evonas.evaluation.data.images import Images, Traits
from evonas.evaluation.data.survey.duplicates import SurveyedImage, duplicates
from evonas.evaluation.data.survey.survey import Survey, class_counts, samples_of, surveyed


def survey_images(parts: dict[str, Images], traits: Traits, *, root: Path) -> Survey:
    """Survey images in memory.

    Args:
        parts: parts of the data set by name, including ``train``.
        traits: traits of the data set.
        root: folder that the images come from.
    """
    images: list[SurveyedImage] = []
    for part, each in parts.items():
        labels, pixels = each.labels.tolist(), each.pixels.numpy()
        images += [
            surveyed(f"{part} {index:,}", part, label, pixels[index])
            for index, label in enumerate(labels)
        ]
    names = traits.class_names or tuple(map(str, range(traits.num_classes)))
    return Survey(
        name=traits.name,
        root=root,
        class_names=names,
        counts={
            part: class_counts(each.labels.tolist(), traits.num_classes)
            for part, each in parts.items()
        },
        samples=samples_of(parts["train"], traits.num_classes),
        duplicates=duplicates(images),
        num_files=sum(map(len, parts.values())),
    )
