"""What outlives versions: ledger, decisions, approvals."""
