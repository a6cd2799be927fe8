#!/usr/bin/env python3
"""What hostile messages cost the codec: runs bench_bombs and keeps its table."""
import argparse
import pathlib
import subprocess
import sys

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--programs", type=pathlib.Path, required=True, help="where bench_bombs is")
parser.add_argument("--results", type=pathlib.Path, required=True, help="the table goes beside it")
options = parser.parse_args()

run = subprocess.run([options.programs / "bench_bombs"], stdout=subprocess.PIPE, text=True, check=False)
options.results.with_suffix(".txt").write_text(run.stdout)
print(run.stdout, end="")
sys.exit(run.returncode)
