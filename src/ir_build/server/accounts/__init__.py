"""Accounts, their credentials, quotas and rates."""
