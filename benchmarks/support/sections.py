"""Write the results of a benchmark into its section of RESULTS.md."""

from pathlib import Path

RESULTS = Path(__file__).parents[1] / "RESULTS.md"


def write_section(name: str, text: str, *, path: Path = RESULTS) -> None:
    """Put ``text`` between the markers of section ``name``; append them if they are missing."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before = path.read_text(encoding="utf-8") if path.exists() else "# Results\n"
    after = ""
    if begin in before:
        before, rest = before.split(begin)
        after = rest.split(end)[1].lstrip("\n")
    parts = [before.rstrip(), f"{begin}\n{text}\n{end}", after]
    path.write_text("\n\n".join(part for part in parts if part).rstrip() + "\n", encoding="utf-8")
