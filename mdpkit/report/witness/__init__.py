"""Drawings of small instances with every number exact: state graphs or tables."""
