"""Measures in an AWS account what the project claims and cannot verify without one."""
