"""The pace of a job as a line."""

from nsadmin.pages.common.charts.sparkline import HEIGHT, WIDTH, sparkline


def test_nothing_is_drawn_for_less_than_two_values():
    assert sparkline([], 1) is None
    assert sparkline([[100, 5.0]], 1) is None


def test_the_line_fills_the_width_and_the_highest_touches_the_top():
    shown = sparkline([[100, 0.0], [101, 50.0], [102, 25.0]], 1)
    (line,) = shown.lines
    places = [tuple(map(float, place.split(","))) for place in line.split()]
    assert [x for x, _ in places] == [0, WIDTH / 2, WIDTH]
    assert [y for _, y in places] == [HEIGHT, 2, HEIGHT / 2 + 1]
    assert (shown.highest, shown.average, shown.gaps) == (50, 25, 0)


def test_where_nobody_worked_there_is_a_gap():
    shown = sparkline([[100, 5.0], [101, 5.0], [110, 5.0], [111, 5.0]], 1)
    assert len(shown.lines) == len(shown.areas) == 2
    assert shown.gaps == 1


def test_a_pace_of_nothing_is_a_flat_line():
    shown = sparkline([[100, 0.0], [100, 0.0]], 1)
    assert shown.lines == ["0,40 0,40"]
