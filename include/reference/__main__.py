"""``python -m include.reference``: write the generated pages of the documentation anew."""

from __future__ import annotations

from include.reference import connectors, events, exports, measures, metrics, reports, segments, settings

if __name__ == "__main__":
    for page in (connectors, events, exports, measures, metrics, reports, segments, settings):
        page.write()
