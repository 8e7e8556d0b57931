"""What somebody who adds Toy Sales writes to have it tested."""

from tests.system_suite import SystemSuite


class TestToy(SystemSuite):
    kind = "toy_export"
