"""The command line. Each command imports what it needs when it runs, so that ``--help`` answers at once."""

from __future__ import annotations

import difflib
import sys
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from equivalence._version import __version__

Command = Callable[..., None]


class Suggesting(click.Group):
    """A group that answers a mistyped command with the nearest."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which was meant."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            close = difflib.get_close_matches(args[0], self.list_commands(ctx))
            if not close:
                raise
            raise click.UsageError(f"{error.message} Did you mean {' or '.join(close)}?", ctx) from error


def _command(module: str, function: str, /, **options: Any) -> None:
    """Run a command's function, which returns the exit status, and turn the suite's errors into messages."""
    from equivalence.errors import EquivalenceError, UsageError  # noqa: PLC0415 - see the module's docstring

    try:
        status = getattr(import_module(f"equivalence.cli.{module}"), function)(**options)
    except UsageError as error:
        click.echo(f"Error: {error}", err=True)
        status = 64
    except EquivalenceError as error:
        click.echo(f"Error: {error}", err=True)
        status = 2
    except Exception:  # noqa: BLE001 - Python's own exit status for it, 1, would say that something is different
        traceback.print_exc()
        click.echo("Error: this should not happen; please report it with the lines above", err=True)
        status = 2
    sys.exit(status)


def _options(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    def apply(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return apply


_out = click.Path(dir_okay=False, path_type=Path)
_in = click.Path(exists=True, dir_okay=False, path_type=Path)
_seed = click.option("--seed", type=int, default=0, show_default=True, help="Seed of every random value.")
_timeout = click.option("--timeout", type=click.FloatRange(min=0, min_open=True), help="Seconds a call may take.")
_jobs = click.option("--jobs", type=click.IntRange(min=1), help="Workers that compute at the same time.")
_summary = click.option("--summary", type=_out, help="Write a Markdown summary, as for a pull request.")
_report = click.option("--report", type=_out, help="Write the HTML report.")
_power = click.option(
    "--power",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Show what `equivalence power --json` measured in the report.",
)
_claims = click.option(
    "--claims",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Show what `equivalence claims --json` found in the report.",
)
_SAVE = "Write each failing port's smallest failing input into this folder, as .npz."
_CURVES = "The folder for the plot and the numbers."
_SINGLE, _HALF = ["float32", "float64"], ["float16", "bfloat16"]
_dtypes = click.option("--dtype", "dtypes", multiple=True, type=click.Choice(_SINGLE), help="[both]")
_half_too = click.option(
    "--dtype", "dtypes", multiple=True, type=click.Choice([*_SINGLE, *_HALF]), help=f"[{' and '.join(_SINGLE)}]"
)
_operations = click.option("-o", "--operation", "operations", multiple=True, metavar="OP", help="Only this operation.")
_frameworks = click.option(
    "-f", "--framework", "frameworks", multiple=True, metavar="FRAMEWORK", help="Only this framework."
)


@click.group(cls=Suggesting, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="equivalence")
def cli() -> None:
    """Say whether two neural-network layers in two frameworks are the same function.

    \b
    Exit status: 0 as expected, 1 something is different, 2 undecided, an error or
    nothing compared, 64 usage, 130 interrupted.
    """  # noqa: D301 - click reads the control character as "keep these lines"


@cli.command()
@_options(_operations, _frameworks, _half_too)
@click.option("--case", "cases", multiple=True, metavar="CASE", help="Only this case.")
@click.option("--json", "json_path", type=_out, help="Write every comparison as JSON lines.")
@_options(_report, _power, _claims, _summary, _seed, _timeout, _jobs)
def run(**options: Any) -> None:
    """Compare all frameworks on all operations."""
    _command("run", "run", **options)


@cli.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--only", multiple=True, metavar="NAME", help="Only the port of this name.")
@click.option("--json", "json_path", type=_out, help="Write the answer as JSON.")
@click.option("--input", "given", type=_in, metavar="FILE", help="Try nothing but the inputs in this .npz file.")
@click.option("--save", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help=_SAVE)
@click.option("--annotations", is_flag=True, help="Print GitHub's annotations; on by itself in its workflows.")
@_options(_report, _summary, _seed, _half_too, _timeout, _jobs)
def check(**options: Any) -> None:
    """Check the ports that FILE declares.

    Is the ported layer the same function as the original?
    """
    _command("check", "check", **options)


@cli.command()
@click.argument("operation", metavar="OP")
@click.argument("source", metavar="IN", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("target", metavar="OUT", type=_out)
@click.option("--from", "source_framework", required=True, metavar="FRAMEWORK", help="Whose the arrays are.")
@click.option("--to", "target_framework", required=True, metavar="FRAMEWORK", help="Whose they become.")
@click.option("--from-variant", "source_variant", metavar="VARIANT", help="A variant of it, such as unflipped.")
@click.option("--to-variant", "target_variant", metavar="VARIANT", help="The same.")
@click.option("--parameter", "parameters", multiple=True, metavar="NAME=VALUE", help="A parameter of the operation.")
@click.option("--name", "names", multiple=True, metavar="ARRAY=NAME", help="What an array is called in IN.")
@click.option("--to-name", "target_names", multiple=True, metavar="ARRAY=NAME", help="What to call it in OUT.")
@click.option("--prefix", default="", metavar="TEXT", help="Before the layer's own names in IN: lstm/lstm_cell/")
@click.option("--to-prefix", "target_prefix", default="", metavar="TEXT", help="Before them in OUT: lstm.")
@click.option("--axes", "sizes", multiple=True, metavar="LETTER=SIZE", help="A size that the shapes do not say.")
@click.option("--keep-others", is_flag=True, help="Copy arrays that are none of the layer's.")
def convert(**options: Any) -> None:
    """Move a layer's weights from one framework to another.

    OP is what the layer computes, such as lstm. IN and OUT are .npz or .safetensors files. Nothing is unpickled, and
    nothing is guessed: where an array is missing, too many or does not fit, nothing is written.
    """
    _command("convert", "run", **options)


@cli.command()
@click.argument("run_file", metavar="RUN.jsonl", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("-O", "--output", type=_out, default=Path("report.html"), show_default=True, help="The HTML file.")
@_options(_power, _claims, _summary)
def report(**options: Any) -> None:
    """Make the HTML report from the JSON lines of a run."""
    _command("run", "report", **options)


@cli.command()
@_options(_operations, _frameworks, _dtypes)
@click.option("--case", "cases", multiple=True, metavar="CASE", help="Only this random case.")
@click.option("--comparisons", type=click.IntRange(min=1), default=20_000, show_default=True, help="At least so many.")
@click.option("--json", "json_path", type=_out, help="Write every comparison as JSON lines.")
@_options(_seed, _timeout, _jobs)
def stress(**options: Any) -> None:
    """Count false alarms on data that is hard on rounding."""
    _command("stress", "stress", **options)


@cli.command()
@_options(_operations, _frameworks)
@click.option("--json", "json_path", type=_out, help="Write every fault and mutation as JSON.")
@_options(_timeout, _jobs)
def power(**options: Any) -> None:
    """Measure whether the cases would notice faults.

    Every fault of an operation and every mutation of a binding's data goes through the same cases and verdicts as
    in a run. One that survives fails the command, which then names a case that would reveal it.
    """
    _command("power", "power", **options)


@cli.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--case", "cases", multiple=True, metavar="CASE", help="Only this case.")
@_options(_frameworks, _dtypes)
@click.option("--json", "json_path", type=_out, help="Write every comparison as JSON lines, as a run.")
@_options(_report, _seed, _timeout, _jobs)
def equivalences(**options: Any) -> None:
    """Compare different ways to write the same function.

    Left against right inside every framework, and all of them across the frameworks: outputs, gradients of the inputs
    and of the weights they share.
    """
    _command("equivalences", "equivalences", **options)


@cli.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@_options(_frameworks)
@click.option("--numbers", is_flag=True, help="Print every number; on by itself for claims that are named.")
@click.option("--json", "json_path", type=_out, help="Write every claim with its evidence as JSON.")
@_options(_timeout, _jobs)
def claims(**options: Any) -> None:
    """Compute what the seed documents claim.

    Each claim is computed in every framework that can, and is confirmed or refuted by the numbers. One whose verdict is
    not the expected one fails the command.
    """
    _command("claims", "claims", **options)


@cli.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--case", "cases", multiple=True, metavar="CASE", help="Only this case.")
@click.option("--trace", is_flag=True, help="Print every step: how far apart each two frameworks are after it.")
@click.option("--json", "json_path", type=_out, help="Write every comparison and every step as JSON.")
@_options(_frameworks, _dtypes, _seed, _timeout, _jobs)
def networks(**options: Any) -> None:
    """Compare whole networks, and say where a difference starts.

    Outputs, every gradient and the parameters after three steps of training are compared between all frameworks.
    """
    _command("networks", "networks", **options)


@cli.command()
@click.argument("network")
@click.option(
    *("-f", "--framework"),
    "frameworks",
    multiple=True,
    metavar="FRAMEWORK",
    help="Train in this framework, or in all; the first, or NumPy, is followed by the others.  [default: numpy]",
)
@click.option(
    "--dataset", default="digits", show_default=True, metavar="NAME", help="digits, cifar10, cifar100 or mnist."
)
@click.option("--data", type=click.Path(path_type=Path), metavar="FOLDER", help="Where the data set's files are.")
@click.option(
    "--subset", is_flag=True, help="The files hold other images than the published ones: compare no checksums."
)
@click.option("--examples", type=click.IntRange(min=1), help="Use at most so many images.")
@click.option("--epochs", type=click.IntRange(min=0), help="How often each image is seen.  [default: the network's]")
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("reports/training"), show_default=True, help=_CURVES
)
@click.option("--save", type=_out, metavar="FILE", help="Write the parameters at the end, as .npz or .safetensors.")
@click.option("--load", type=_in, metavar="FILE", help="Begin with the parameters in this file.")
@_options(_seed, _timeout)
def train(**options: Any) -> None:
    """Train a network, such as nin, in NumPy or in several frameworks at once.

    All begin with the same parameters and see the same batches, and their losses must follow each other.
    """
    _command("train", "train", **options)


@cli.command(name="list")
@_options(_operations)
def list_(**options: Any) -> None:
    """List the operations, their variants, and who performs each."""
    _command("show", "list_operations", **options)


@cli.command()
@click.argument("operation", metavar="OP")
def show(**options: Any) -> None:
    """Show an operation and each framework's conventions."""
    _command("show", "show", **options)


@cli.command()
def doctor(**options: Any) -> None:
    """Show each framework's stack, versions and health."""
    _command("doctor", "doctor", **options)


@cli.group(cls=Suggesting)
def stacks() -> None:
    """List, create and remove stacks.

    A stack is an interpreter with the packages of a framework that cannot live beside the others.
    """


@stacks.command(name="list")
def stacks_list(**options: Any) -> None:
    """List the stacks, where each was found, and whether it is whole."""
    _command("stacks", "list_stacks", **options)


@stacks.command(name="create")
@click.argument("name")
@click.option("--force", is_flag=True, help="Make it anew.")
def stacks_create(**options: Any) -> None:
    """Make the stack NAME, such as theano."""
    _command("stacks", "create", **options)


@stacks.command(name="remove")
@click.argument("name")
def stacks_remove(**options: Any) -> None:
    """Remove the stack NAME, if this command made it."""
    _command("stacks", "remove", **options)


def main() -> None:
    """Run the command line with the contract's exit statuses."""
    try:
        cli(standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("Interrupted.", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(64)
