"""``equivalence train``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from equivalence import datasets, parameters, registry, session, tensorfiles
from equivalence.datasets.labelled import Dataset, Images
from equivalence.errors import UsageError
from equivalence.graph_running import GraphRunner
from equivalence.inputs import Array
from equivalence.operation import generator
from equivalence.outcome import EXIT_INTERRUPTED
from equivalence.recipe import Recipe
from equivalence.training.history import FOLLOWED, FOLLOWS, Epoch, History, write_history
from equivalence.training.learning import Training
from equivalence.training.plot import draw

RECIPES = "equivalence.recipes"
ALL, MAIN = "all", "main"
console = Console()
progress_console = Console(stderr=True)


def train(
    *,
    network: str,
    frameworks: Sequence[str],
    dataset: str,
    data: Path | None,
    subset: bool,
    examples: int | None,
    epochs: int | None,
    seed: int,
    out: Path,
    save: Path | None,
    load: Path | None,
    timeout: float | None,
) -> int:
    """Train a network, print what it learned, write the plot and the numbers; return the exit status."""
    for path in (save, load):
        if path is not None:
            tensorfiles.checked(path)
    if out.exists() and not out.is_dir():
        raise UsageError(f"--out {out}", expected="a folder", got="a file")
    recipe = registry.look_up("network", network, registry.find(RECIPES, Recipe))
    here = session.available(registry.load(), [name for name in frameworks if name != ALL])
    images = _cut(datasets.load(dataset, data, seed=seed, subset=subset), examples, seed)
    first = _first(recipe, images, load)
    with _limited(), session.graph_runner(here.registry, timeout=timeout) as runner:
        names = _named(runner, recipe, frameworks)
        planned = recipe.epochs if epochs is None else epochs
        training = Training(runner, recipe, images, frameworks=names, epochs=planned, seed=seed, parameters=first)
        interrupted = _followed(training, f"{recipe.name} on {images.name}")
        tested = {} if planned or interrupted else training.test()
    history = training.history
    _print(history, tested)
    if history.courses[0].losses:
        _write(history, out)
    if save is not None:
        parameters.save(save, training.learners[0].parameters)
        progress_console.print(f"Wrote {save}, the parameters of {names[0]}", style="dim", highlight=False)
    if interrupted:
        return EXIT_INTERRUPTED
    return history.exit_status


def _named(runner: GraphRunner, recipe: Recipe, frameworks: Sequence[str]) -> list[str]:
    """Who is trained, the reference first if it is among them.

    ``all`` is one for each library that runs in this interpreter: one that needs an older stack takes ten times longer.
    """
    able = runner.performers(recipe.network)
    everyone = [who.name for who in able if not who.adapter.library and who.adapter.stack == MAIN]
    wanted = everyone if ALL in frameworks else list(frameworks) or [runner.registry.reference.name]
    found = [runner.performer(recipe.network, name) for name in dict.fromkeys(wanted)]
    return [who.name for who in sorted(found, key=lambda who: not who.reference)]


def _cut(dataset: Dataset, examples: int | None, seed: int) -> Dataset:
    """At most so many images to learn from, and so many to be tested on, chosen by the seed."""
    if examples is None:
        return dataset

    def chosen(images: Images, part: str) -> Images:
        order = generator(seed, dataset.name, part).permutation(len(images))[:examples]
        return Images(images.pixels[order], images.labels[order])

    return replace(dataset, train=chosen(dataset.train, "train"), test=chosen(dataset.test, "test"))


def _first(recipe: Recipe, images: Dataset, load: Path | None) -> dict[str, Array] | None:
    if load is None:
        return None
    sizes = recipe.all_sizes(recipe.batch, images.train.pixels.shape[1:], len(images.classes))
    return parameters.load(load, recipe.start(sizes, 0))


def _limited() -> AbstractContextManager[object]:
    """One thread for NumPy's own library, as every worker has: several are slower on arrays as small as these."""
    try:
        from threadpoolctl import threadpool_limits  # noqa: PLC0415 - comes with scikit-learn, which is optional
    except ImportError:
        return nullcontext()
    limits: AbstractContextManager[object] = threadpool_limits(1)
    return limits


def _followed(training: Training, title: str) -> bool:
    """Train beside a progress bar; whether somebody interrupted it."""
    columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[now]}")]
    progress = Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=progress_console)
    with progress:
        task = progress.add_task(title, total=training.planned * training.steps, now="starting")
        try:
            for losses in training.run():
                progress.update(task, advance=1, now=_now(training, losses))
        except KeyboardInterrupt:
            return True
    return False


def _now(training: Training, losses: Mapping[str, float]) -> str:
    learner = training.learners[0]
    epoch = f"epoch {len(learner.epochs) + 1} of {training.planned}, loss {losses[learner.name]:.4f}"
    return epoch + (f", accuracy {learner.epochs[-1].test_accuracy:.1%}" if learner.epochs else "")


def _print(history: History, tested: Mapping[str, Epoch]) -> None:
    """A row for each framework: what it learned, and how far its losses are from the first one's."""
    epochs = max(len(course.epochs) for course in history.courses)
    words = f"{epochs} epochs of {history.steps} steps with {history.batch} images, {history.seconds:.1f} s"
    table = Table(title=f"{history.recipe} on {history.dataset}, seed {history.seed}", caption=words)
    table.add_column("framework")
    for title in ("loss, last epoch", "loss, test", "accuracy, test", f"apart, {FOLLOWED} steps", "apart, all"):
        table.add_column(title, justify="right")
    beside = {item.right: item for item in history.following}
    for course in history.courses:
        last = course.epochs[-1] if course.epochs else tested.get(course.name)
        item = beside.get(course.name)
        apart = (f"{item.largest:.1e}", f"{item.largest_of_all:.1e}") if item else ("", "")
        numbers = (
            (f"{last.train_loss:.4f}", f"{last.test_loss:.4f}", f"{last.test_accuracy:.2%}") if last else ("",) * 3
        )
        table.add_row(course.name, *numbers, *apart)
    console.print(table)
    for item in history.following:
        if item.steps and not item.follows:
            what = f"{item.right} does not follow {item.left}: the losses of the first {item.steps} steps"
            console.print(f"{what} are up to {item.largest:.1e} apart, allowed {FOLLOWS:.0e}", style="red")


def _write(history: History, out: Path) -> None:
    write_history(out / "history.json", history)
    for kind in ("svg", "png"):
        draw(out / f"curves.{kind}", history)
    progress_console.print(f"Wrote curves.svg, curves.png and history.json into {out}", style="dim", highlight=False)
