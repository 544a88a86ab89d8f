"""Experiments, one file each: data and settings of a claim that the command line can reproduce."""
