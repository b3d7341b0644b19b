"""Files as partners export them: encodings, delimiters, quotes, and where they break."""

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.adapters import exports
from hub.adapters.exports import Unreadable, items
from hub.adapters.mapping import FileForm
from schemas.problems import Problem

COLUMNS = frozenset({"Nr", "Tekst"})


def form(**keys):
    return FileForm.model_validate(keys)


def read(path, content, columns=COLUMNS, **keys):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return [(item.line, item.content) for item in items(path, form(**keys), columns)]


def stops(path, content, columns=COLUMNS, **keys):
    with pytest.raises(Unreadable) as found:
        read(path, content, columns, **keys)
    return found.value.line, str(found.value)


@pytest.fixture
def csv_file(tmp_path):
    return tmp_path / "uit.csv"


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_the_delimiter_is_the_one_that_finds_our_columns(csv_file, delimiter):
    """A Dutch Excel writes ;, an English one a comma; nobody has to know."""
    text = f'Nr{delimiter}Tekst{delimiter}"a,b;c"\n1{delimiter}één{delimiter}x\n'

    assert read(csv_file, text) == [(2, {"Nr": "1", "Tekst": "één", "a,b;c": "x"})]


def test_a_delimiter_in_the_mapping_is_obeyed(csv_file):
    """Where the header could be read in two ways."""
    assert read(csv_file, "Nr|Tekst;a|b\n1|2|3\n", frozenset({"Nr"}), scheidingsteken="|") == [
        (2, {"Nr": "1", "Tekst;a": "2", "b": "3"})
    ]


def test_the_first_line_that_excel_writes_for_itself_is_obeyed(csv_file):
    """sep=, says what the delimiter is; line numbers stay those of the file."""
    assert read(csv_file, "sep=,\r\nNr,Tekst\r\n1,a\r\n") == [(3, {"Nr": "1", "Tekst": "a"})]


def test_a_byte_order_mark_is_not_part_of_the_first_column(csv_file):
    """Excel's CSV UTF-8 begins with one."""
    assert read(csv_file, b"\xef\xbb\xbfNr;Tekst\n1;a\n") == [(2, {"Nr": "1", "Tekst": "a"})]


def test_an_encoding_in_the_mapping_is_obeyed(csv_file):
    """The export of an old system is often cp1252."""
    assert read(csv_file, "Nr;Tekst\n1;één €\n".encode("cp1252"), codering="cp1252") == [
        (2, {"Nr": "1", "Tekst": "één €"})
    ]


def test_a_file_in_another_encoding_is_refused_before_its_first_row(csv_file):
    """Half a file with broken letters helps nobody; the line is told."""
    line, why = stops(csv_file, "Nr;Tekst\n1;a\n2;één\n".encode("cp1252"))

    assert line == 3
    assert "codering: cp1252" in why


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-16-le"])
def test_utf_16_is_refused(csv_file, encoding):
    """With or without its mark; what Excel calls Unicode text."""
    line, why = stops(csv_file, "\ufeffNr;Tekst\n1;a\n".encode(encoding))

    assert line == 1
    assert "UTF-16" in why


def test_a_zero_byte_is_refused(csv_file):
    """It is no text, whatever its name says."""
    assert stops(csv_file, b"Nr;Tekst\n1;a\0\n")[0] == 2


def test_a_row_over_several_lines_has_the_line_on_which_it_begins(csv_file):
    """So that the person finds it."""
    found = read(csv_file, 'Nr;Tekst\n1;"a\nb\nc"\n2;d\n')

    assert [line for line, _ in found] == [2, 5]
    assert found[0][1]["Tekst"] == "a\nb\nc"


def test_empty_rows_are_passed_over(csv_file):
    """A spreadsheet exports them below its table."""
    assert read(csv_file, "Nr;Tekst\n;\n\n1;a\n ; \n") == [(4, {"Nr": "1", "Tekst": "a"})]


def test_a_row_with_too_many_cells_is_a_problem_of_that_row(csv_file):
    """An unquoted delimiter in a text would move every cell after it into the wrong column."""
    found = read(csv_file, "Nr;Tekst\n1;a;b\n2;c\n")

    assert isinstance(found[0][1], Problem)
    assert found[1] == (3, {"Nr": "2", "Tekst": "c"})


def test_a_quote_that_is_not_closed_stops_the_reading_where_it_was_opened(csv_file):
    """What comes after it cannot be trusted to be rows; what came before stands."""
    csv_file.write_text('Nr;Tekst\n1;a\n2;"b\n3;c\n', encoding="utf-8")
    found = items(csv_file, form(), COLUMNS)

    assert next(found).line == 2
    with pytest.raises(Unreadable) as stop:
        next(found)
    assert stop.value.line == 3


def test_a_quote_that_is_not_doubled_stops_it_too(csv_file):
    """`"hij zei "ja" tegen"` would lose its quotes without a word."""
    assert stops(csv_file, 'Nr;Tekst\n1;"hij zei "ja" tegen"\n')[0] == 2


@pytest.mark.parametrize("header", ["", "Nr;Text\n1;a\n", "Nr;Tekst;Tekst\n1;a;b\n"])
def test_a_header_without_our_columns_refuses_the_file(csv_file, header):
    """One clear problem, not one for each row; names of unknown columns are not repeated."""
    _, why = stops(csv_file, header)

    assert "Tekst" in why
    assert "Text" not in why


def test_csv_without_a_mapping_is_refused(csv_file):
    """Only CloudEvents need none."""
    assert "--mapping" in stops(csv_file, "a;b\n", None)[1]


@given(
    st.lists(
        st.tuples(st.text(max_size=20), st.text(max_size=20)).map(
            lambda pair: tuple(part.replace("\0", "").replace("\r", "") for part in pair)
        ),
        max_size=8,
    ),
    st.sampled_from([";", ",", "\t", "|"]),
)
def test_what_was_written_as_csv_is_read_back(tmp_path_factory, rows, delimiter):
    """Whatever stands in the cells."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow(["Nr", "Tekst"])
    writer.writerows(rows)
    path = tmp_path_factory.mktemp("csv") / "uit.csv"

    found = read(path, out.getvalue().encode("utf-8", "replace"))

    expected = [row for row in rows if any(cell.strip() for cell in row)]
    clean = [tuple(c.encode("utf-8", "replace").decode() for c in row) for row in expected]
    assert [(content["Nr"], content["Tekst"]) for _, content in found] == clean


def test_ndjson_gives_the_bytes_of_each_line(tmp_path):
    """With or without a mark, with any line end; empty lines are passed over."""
    found = read(tmp_path / "uit.ndjson", b'\xef\xbb\xbf{"a":1}\r\n\n {"b": 2.0} ', None)

    assert found == [(1, b'{"a":1}'), (3, b'{"b": 2.0}')]


def test_one_line_without_end_does_not_stop_the_others(tmp_path, monkeypatch):
    """Nor does it fill the memory."""
    monkeypatch.setattr(exports, "MAX_LINE_BYTES", 20)
    found = read(tmp_path / "uit.jsonl", b'{"a":1}\n' + b"x" * 95 + b'\n{"b":2}\n', None)

    assert [line for line, _ in found] == [1, 2, 3]
    assert isinstance(found[1][1], Problem)
    assert found[2][1] == b'{"b":2}'


def test_json_gives_the_members_of_an_array_with_their_lines(tmp_path):
    """Or the one object that there is."""
    assert read(tmp_path / "uit.json", '[\n{"a": 1},\n{"b": "é"}\n]') == [
        (2, b'{"a": 1}'),
        (3, '{"b": "é"}'.encode()),
    ]
    assert read(tmp_path / "een.json", b'\xef\xbb\xbf{"a": 1}\n') == [(1, b'{"a": 1}')]


def test_json_that_breaks_off_gives_what_came_before(tmp_path):
    """The file is refused with the line; the events before it are published."""
    path = tmp_path / "uit.json"
    path.write_text('[{"a": 1},\n{"b": ', encoding="utf-8")
    found = items(path, form(), None)

    assert json.loads(next(found).content) == {"a": 1}
    with pytest.raises(Unreadable) as stop:
        next(found)
    assert stop.value.line == 2


def test_json_that_is_too_large_or_not_utf_8_is_refused(tmp_path, monkeypatch):
    """JSON is read whole, and is always UTF-8."""
    assert stops(tmp_path / "uit.json", '[\n"é"]'.encode("cp1252"))[0] == 2
    monkeypatch.setattr(exports, "MAX_JSON_BYTES", 4)
    assert "ndjson" in stops(tmp_path / "uit.json", "[1, 2]")[1]


def test_a_file_of_another_kind_is_refused_unless_the_mapping_says_what_it_is(tmp_path):
    """Nothing that is put in the folder is passed over without a word."""
    assert "soort" in stops(tmp_path / "uit.txt", "Nr;Tekst\n1;a\n")[1]
    assert read(tmp_path / "uit.txt", "Nr;Tekst\n1;a\n", soort="csv") == [
        (2, {"Nr": "1", "Tekst": "a"})
    ]


def test_a_large_file_is_read_as_a_stream(csv_file):
    """The first row is there before the last one is read: memory does not grow with the file."""
    import tracemalloc

    with csv_file.open("w", encoding="utf-8") as file:
        file.write("Nr;Tekst\n")
        file.writelines(f"{n};{'x' * 100}\n" for n in range(100_000))
    tracemalloc.start()
    try:
        count = sum(1 for _ in items(csv_file, form(), COLUMNS))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert count == 100_000
    assert peak < 3_000_000 < csv_file.stat().st_size
