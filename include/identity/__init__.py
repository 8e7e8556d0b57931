"""Resolve: decides which records are one person."""
