"""What fetches pictures and follows links: people's browsers, mail programs, proxies and security scanners."""

from __future__ import annotations

_CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
)
_MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
_PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"

APPLE = "Mozilla/5.0"  # Apple Mail Privacy Protection says no more than this
GMAIL_PROXY = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
SCANNERS = (_CHROME, "Mozilla/5.0 (compatible; Barracuda Sentinel (EE))", "python-requests/2.31.0")
BROWSERS = (
    _CHROME,
    f"{_MAC} Version/19.0 Safari/605.1.15",
    f"{_PHONE} Mobile/15E148",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0",
    "Mozilla/4.0 (compatible; ms-office; MSOffice 16)",
)
BROWSER_SHARES = (0.4, 0.2, 0.2, 0.1, 0.1)

AGENTS = (APPLE, GMAIL_PROXY, *SCANNERS, *BROWSERS, None)
FIRST_SCANNER, FIRST_BROWSER, NO_AGENT = 2, 2 + len(SCANNERS), len(AGENTS) - 1
NETWORKS = ("17.58.101.", "66.249.84.", *["40.94.31."] * len(SCANNERS), *[None] * (len(BROWSERS) + 1))  # of AGENTS
