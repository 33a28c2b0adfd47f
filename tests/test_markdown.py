"""Tables of Markdown: the oracle is markdown-it-py, which reads GitHub's form of tables."""

import pytest
from markdown_it import MarkdownIt

from evonas.markdown import markdown_table

CELLS = [["a | b", "`x | y`"], ["", "**bold**"]]


@pytest.mark.parametrize("is_numeric", [False, True])
def test_markdown_table_renders_each_text_in_its_cell(is_numeric: bool) -> None:
    text = markdown_table(("first", "second"), CELLS, is_numeric=is_numeric)
    page = MarkdownIt().enable("table").render(text)
    align = ' style="text-align:right"' if is_numeric else ""
    assert f"<th>first</th>\n<th{align}>second</th>" in page
    assert f"<td>a | b</td>\n<td{align}><code>x | y</code></td>" in page
    assert f"<td></td>\n<td{align}><strong>bold</strong></td>" in page
