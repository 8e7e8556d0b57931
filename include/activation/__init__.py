"""Activation: lists reach the tools where people work, and leave them: plan, check, deliver, reconcile."""
