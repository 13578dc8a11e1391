"""The Markdown summary."""

import re

from equivalence.report import markdown


def test_everything_as_expected(outcome, run_of):
    text = markdown(run_of([outcome(), outcome(quantity="gradient-x")]))
    assert text.startswith("## Equivalence: = Everything as expected\n")
    assert "| = equal | 2 |" in text
    assert "| `conv2d` | = = |" in text
    assert "Not as expected" not in text
    assert text.endswith("\n")


def test_failures_come_with_the_command_that_reproduces_them(outcome, error, run_of):
    known = outcome("different", quantity="gradient-x", known_difference="gradient.ties", link="https://example.org")
    wrong = [outcome("different"), error(left="theano", log="a\nKilled\n"), outcome("undecided", quantity="gradient-x")]
    text = markdown(run_of([known, *wrong]))
    assert "## Equivalence: ≠ 1 different, 1 error, 1 undecided" in text
    assert "| † known difference | 1 |" in text
    for given in wrong:
        assert f"**{given.verdict}** `{given.id}`" in text
        assert f"```sh\n{given.reproduce}\n```" in text
    assert text.count("```sh") == len(wrong)
    assert "```text\na\nKilled\n```" in text


def test_the_table_has_every_operation_and_pair(outcome, error, run_of):
    run = run_of([outcome(), outcome("different", operation="relu"), error(operation="relu", left="theano")])
    lines = [line for line in markdown(run).splitlines() if line.startswith("| ")]
    assert "| operation | numpy + torch | numpy + theano | torch + theano |" in lines
    assert "| `conv2d` | = · | · · | · · |" in lines
    assert (
        "| `relu` | **≠** **!** | **!** **!** | **!** **!** |" in lines
        or "| `relu` | **≠** · | **!** **!** | **!** **!** |" in lines
    )


def test_absent_and_incomplete_are_said(outcome, run_of):
    text = markdown(
        run_of([outcome()], absent={"theano": "no stack. Run: equivalence stacks create theano"}, complete=False)
    )
    assert "> - **theano**: no stack. Run: equivalence stacks create theano" in text
    assert "This run is not complete" in text


def test_an_empty_run(run_of):
    assert "## Equivalence: ! Nothing was compared" in markdown(run_of([]))


def test_markup_in_a_run_stays_text(outcome, run_of):
    evil = "</script><img src=x> | **bold** [link](http://x) @someone\n# title ```"
    text = markdown(
        run_of(
            [
                outcome(
                    "error",
                    operation=f"op{evil}",
                    reason=evil,
                    log=f"````\n{evil}",
                    reproduce=f"run '{evil}'",
                    case="`x`",
                )
            ],
            absent={"theano": evil},
        )
    )
    assert "\n`````text\n````\n" in text, "a fence longer than any in the log"
    outside = re.sub(r"^(`{3,})\w+\n.*?\n\1$", "", text, flags=re.DOTALL | re.MULTILINE)
    outside = re.sub(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", outside)
    assert "<img" not in outside
    assert "**bold**" not in outside
    assert "@someone" not in outside
    assert "\n# title" not in outside
    table = [line for line in text.splitlines() if line.startswith("| ") and "op</script>" in line]
    assert len(table) == 1
    assert len(re.findall(r"(?<!\\)\|", table[0])) == 3


def test_a_large_run_fits_a_comment(synthetic_run, outcome, run_of):
    run = synthetic_run(100, 2)
    broken = [outcome("error", case=f"case{k}", reason="x" * 5000, log="y" * 5000) for k in range(50)]
    text = markdown(run_of([*run.outcomes, *broken]))
    assert len(text) < 65_536
    assert "(the first 10 of " in text
    assert "and 51 more" in text
    assert text.index("`conv2d`") < text.index("`operation0`"), "what is wrong comes first"
