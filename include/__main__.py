"""`python -m include`."""

import sys

from include.cli.app import main

sys.exit(main())
