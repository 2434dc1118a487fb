"""Runs an action of `hes export` as if it had been typed."""

from argparse import ArgumentParser


def typed(action, *words):
    """Returns (exit code, what it printed). Raises HesError, which the command shows as it is."""
    parser, page = ArgumentParser(), []
    action.add_arguments(parser)
    code = action.run(page.append, **vars(parser.parse_args([str(word) for word in words])))
    return code, "\n".join(page)
