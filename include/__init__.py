"""Kindred: one profile a person from scattered customer data, and segments on those profiles."""

import os

# numba keeps what it has compiled beside the modules. Where they may only be read, the home keeps it; else each
# process of a user without a writable HOME would compile for half a minute, or could not at all.
if not os.access(__path__[0], os.W_OK) and os.environ.get("KINDRED_HOME"):
    os.environ.setdefault("NUMBA_CACHE_DIR", os.path.join(os.environ["KINDRED_HOME"], "compiled"))  # noqa: PTH118
