"""The target of ``evonas attack``: a candidate of a run, or a model file."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, TypeAlias

from torch import nn

from evonas.errors import ConfigError, RunFolderError, StorageError
from evonas.evaluation.attacks.battery.run import Record
from evonas.evaluation.attacks.robustness import robust_subset
from evonas.evaluation.data.fingerprint import fingerprint
from evonas.evaluation.data.fitting import Fitting
from evonas.evaluation.data.images import Images
from evonas.evaluation.data.loading import load_search_data, load_test, traits_of
from evonas.evaluation.data.place import COUNTED, OWN_IMAGES
from evonas.evaluation.evaluate import attack_seed, attacked_validation
from evonas.evaluation.model_file import load_described
from evonas.evaluation.protocol import Protocol
from evonas.file_names import path_text
from evonas.report.attacks.reading import ATTACK
from evonas.seeds import derive_seed
from evonas.settings.reading import whole_number
from evonas.study.folder import opened_run, readable_run
from evonas.study.journal.findings import Finding
from evonas.study.upkeep.state import is_locked
from evonas.study.weights import write_whole

Part: TypeAlias = Literal["validation", "test"]

ATTACKS_FOLDER = "attacks"
RESULTS_FILE = "results.json"


@dataclass(frozen=True)
class Target:
    """One trained network, the images it is attacked on, and the place for results.

    Attributes:
        network: in evaluation mode, on the CPU.
        images: on the CPU.
        epsilon: the radius that it was searched with; None if unknown.
        folder: for the table and the picture.
        title: title of the picture.
        about: description of the target, for the JSON file.
        known: earlier results by name.
        record: stores a result.
    """

    network: nn.Module
    images: Images
    epsilon: Fraction | None
    folder: Path
    title: str
    about: dict[str, Any]
    known: Mapping[str, Mapping[str, Any]]
    record: Record


def candidate_target(
    folder: Path,
    key: str,
    *,
    data_dir: Path | None,
    part: Part,
    num_images: int,
    seed: int,
    out: Path | None,
) -> Target:
    """A candidate of a run, on images of the run's data set; results go into its journal.

    Args:
        folder: folder of the run.
        key: key of the candidate, or a prefix of it; its weights must have been kept.
        data_dir: where the run's images lie; None if they are where the run says.
        part: ``validation`` for images that the search attacked, ``test`` for the test part.
        num_images: maximum number of images, stratified by class.
        seed: seed of the attacks; results are stored under it.
        out: folder for the table and the picture; if None, one inside the run's folder that only
            attacks on the same images with the same seed share.

    Raises:
        UnknownNameError: no candidate has this key, or the prefix is ambiguous.
        DataError: its weights were not kept, or the images are missing.
        RunFolderError: another process is working on the run.
        EvonasError: the run cannot be read; the message says why.
    """
    from evonas.api.study import Study

    study = Study(folder)
    if is_locked(folder):  # results could not be recorded; the first may take hours
        raise RunFolderError(f"{folder}: another process is working on this run")
    candidate, settings = study.find(key), study.settings
    network = study.load(candidate.key)
    if data_dir is not None:
        settings = settings.with_values({"data_dir": str(data_dir.resolve())})
    protocol = Protocol.of(settings).on("cpu")
    if part == "validation":
        images = attacked_validation(_attacking_all(protocol, num_images))
    else:
        training = settings.training
        test = load_test(
            training.dataset,
            data_dir=protocol.data_dir,
            sha256=training.test_sha256,
            fitting=protocol.fitting,
        )
        images = robust_subset(test, num_images=num_images, seed=attack_seed(protocol))
    prefix = f"{part} {len(images)} {seed} "

    def record(name: str, body: dict[str, Any]) -> None:
        with opened_run(folder) as (_, journal):
            finding = Finding(ATTACK, candidate.key, prefix + name, 0, body)
            journal.record_finding(finding, is_again=name in known)

    with readable_run(folder) as (_, journal):
        known = {
            finding.name.removeprefix(prefix): finding.body
            for finding in journal.findings(ATTACK)
            if finding.key == candidate.key and finding.name.startswith(prefix)
        }
    return Target(
        network=network,
        images=images,
        epsilon=protocol.epsilon,
        folder=out or folder / ATTACKS_FOLDER / candidate.key / _set_name(part, images, seed),
        title=f"{candidate.key} of {path_text(folder.name)}, {len(images)} {part} images of "
        f"{settings.training.dataset}",
        about={
            "run": str(folder), "key": candidate.key, "genome": candidate.genome,
            "dataset": settings.training.dataset, "part": part, "images": len(images),
        },
        known=known,
        record=record,
    )  # fmt: skip


def model_target(
    path: Path,
    *,
    dataset: str | None,
    data_dir: Path | None,
    image_size: int | None,
    split_seed: int,
    part: Part,
    num_images: int,
    seed: int,
    out: Path | None,
) -> Target:
    """A model file, on images of a data set; results go into a file next to the table.

    Args:
        path: path of a ``.safetensors`` file of ``models/``.
        dataset: its name; a model file does not record its data set.
        data_dir: folder of the data set; None for the default.
        image_size: size that the images are resized to, as in the run; None keeps their size.
        split_seed: seed of the split that the network was trained with; only for the
            validation part.
        part: ``validation`` or ``test``.
        num_images: maximum number of images, stratified by class.
        seed: seed of the attacks.
        out: folder for the table and the picture; if None, one in ``attacks-NAME`` next to the
            file that only attacks on the same images with the same seed share.

    Raises:
        ConfigError: no data set is given, its images have another shape or other classes than the
            network's, or the network was trained on them.
        DataError: the file or the images are missing.
        StorageError: the file is damaged.
    """
    split_seed = whole_number("split_seed", split_seed, at_least=0)
    if dataset is None:
        raise ConfigError(f"{path}: a model file does not record its data set; give --dataset")
    network, said = load_described(path)
    if part == "validation" and "training" in said:
        raise ConfigError(
            f"{path}: a final training learns from most of a search's validation images; attack "
            f"images that the network has not seen: --part test"
        )
    fitting = Fitting(image_size)
    if part == "validation":
        data = load_search_data(dataset, data_dir=data_dir, seed=split_seed, fitting=fitting)
        whole = data.validation
    else:
        whole = load_test(dataset, data_dir=data_dir, fitting=fitting)
    shape = tuple(whole.pixels.shape[1:])
    if shape != (expected := tuple(said["input_shape"])):
        raise ConfigError(
            f"{path}: expected images of shape {expected}, those of '{dataset}' have {shape}; "
            f"choose the data set that the network was trained on, or set --image-size"
        )
    if not _has_classes(whole, dataset, said["num_classes"]):
        raise ConfigError(
            f"{path}: expected images of {said['num_classes']} classes, those of '{dataset}' have "
            f"another number; choose the data set that the network was trained on"
        )
    images = robust_subset(whole, num_images=num_images, seed=derive_seed(split_seed, "attack"))
    about: dict[str, Any] = {
        "model": str(path),
        "dataset": dataset,
        "part": part,
        "images": len(images),
        "split_seed": split_seed,
        "seed": seed,
    }
    if image_size is not None:
        about["image_size"] = image_size
    # the paths may hold another network or other images by the time the command is repeated
    about["model_sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    about["images_sha256"] = fingerprint(images)
    name = [dataset, *([about["images_sha256"][:8]] if dataset in OWN_IMAGES else [])]
    name += [_set_name(part, images, seed), *([f"split-{split_seed}"] if split_seed else [])]
    name += [] if image_size is None else [f"size-{image_size}"]
    folder = out or path.parent / f"attacks-{path.stem}" / "-".join(name)
    file = folder / RESULTS_FILE
    known = _read_results(file, about)

    def record(name: str, body: dict[str, Any]) -> None:
        known[name] = body
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps({**about, "results": known}, allow_nan=False)
        write_whole(file, text.encode())

    return Target(
        network=network,
        images=images,
        epsilon=None,
        folder=folder,
        title=f"{path_text(path.name)}, {len(images)} {part} images of {dataset}",
        about=about,
        known=dict(known),
        record=record,
    )


def _set_name(part: Part, images: Images, seed: int) -> str:
    """Name of the folder for attacks on these images with this seed."""
    return f"{part}-{len(images)}-seed-{seed}"


def _has_classes(images: Images, dataset: str, number: int) -> bool:
    if dataset in COUNTED:  # a test part may lack the last classes
        return int(images.labels.max()) < number
    return traits_of(dataset).num_classes == number


def _attacking_all(protocol: Protocol, num_images: int) -> Protocol:
    """The same protocol with another number of attacked images."""
    return replace(protocol, attack=replace(protocol.attack, attacked_images=num_images))


def _read_results(file: Path, about: Mapping[str, Any]) -> dict[str, Any]:
    """Earlier results for the same network, images and seed."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        is_same = {name: document.get(name) for name in about} == about
        results: dict[str, Any] = document["results"]
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise StorageError(f"{file}: damaged ({problem!r}); remove it to start again") from problem
    return results if is_same else {}
