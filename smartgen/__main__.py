"""`python -m smartgen`: the same as the `smartgen` command."""

from smartgen.cli.app import main

main()
