"""Gauges with labels, made of a few values."""

from collections.abc import Iterable, Mapping

from prometheus_client.core import GaugeMetricFamily

# {values of the labels: the figure}; one label may be given as a text.
Values = Mapping[str, float] | Mapping[tuple[str, ...], float]


def gauge(name: str, meaning: str, value: float | None) -> GaugeMetricFamily:
    """Return a gauge without labels; without a sample if the value is not known."""
    made = GaugeMetricFamily(name, meaning)
    if value is not None:
        made.add_metric([], value)
    return made


def gauges(
    name: str, meaning: str, labels: Iterable[str], values: Values
) -> GaugeMetricFamily:
    """Return a gauge with a sample for each combination of values of its labels."""
    made = GaugeMetricFamily(name, meaning, labels=list(labels))
    for given, value in values.items():
        made.add_metric([given] if isinstance(given, str) else list(given), value)
    return made
