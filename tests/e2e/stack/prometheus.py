"""A Prometheus scrape, read by Prometheus' own Python client."""

from prometheus_client.parser import text_string_to_metric_families


class Scrape:
    def __init__(self, text):
        self.families = {family.name: family
                         for family in text_string_to_metric_families(text)}
        self.samples = [sample for family in self.families.values()
                        for sample in family.samples]

    def values(self, name, **labels):
        return [sample.value for sample in self.samples
                if sample.name == name and all(
                    sample.labels.get(key) == value
                    for key, value in labels.items())]

    def value(self, name, **labels):
        values = self.values(name, **labels)
        assert len(values) == 1, "%s %s: %d samples" % (
            name, labels, len(values))
        return values[0]
