"""Reading `/metrics` as Prometheus does."""

from collections.abc import Mapping

from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from nsadmin.observability.figures import sources

KEY = "a key for the metrics of these tests"
BEARER = {"Authorization": f"Bearer {KEY}"}
Labels = frozenset[tuple[str, str]]


class Scrape:
    """The samples of one answer, by name and labels."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.samples: dict[tuple[str, Labels], float] = {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    def value(self, name: str, **labels: str) -> float:
        """The value of the sample with exactly these labels; 0 without it."""
        return self.samples.get((name, frozenset(labels.items())), 0.0)

    def knows(self, name: str, **labels: str) -> bool:
        return (name, frozenset(labels.items())) in self.samples

    def by(self, name: str, label: str) -> Mapping[str, float]:
        """{value of a label: sample} of a metric."""
        return {
            dict(labels)[label]: value
            for (known, labels), value in self.samples.items()
            if known == name
        }

    @property
    def names(self) -> set[str]:
        """The name of every metric, without the endings of its samples."""
        return {family.name for family in text_string_to_metric_families(self.text)}


def scrape() -> Scrape:
    """Ask the endpoint, with figures that are read now."""
    sources.forget()
    response = Client().get("/metrics", headers=BEARER)
    assert response.status_code == 200
    return Scrape(response.content.decode())
