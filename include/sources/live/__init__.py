"""Systems that are asked over their own protocols, instead of by files that somebody exported."""
