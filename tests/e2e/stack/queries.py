"""What alert rules and dashboards ask for: PromQL expressions, and the metric
names in them."""

import json
import re

import yaml

# Words of PromQL that stand where a name could.
WORDS = {"and", "or", "unless", "bool", "offset", "inf", "nan", "start", "end"}
# by (...), on (...) and the like: label names, no metrics.
GROUPING = re.compile(
    r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)")


def names(expression):
    """The metric names of an expression."""
    text = re.sub(r"\{[^{}]*\}", "", expression)
    text = re.sub(r"\[[^\]]*\]", "", text)
    text = re.sub(r'"[^"]*"', "", text)
    text = GROUPING.sub("", text)
    found = set()
    for match in re.finditer(r"(?<![\w.])[a-zA-Z_:][\w:]*(?!\w)", text):
        called = text[match.end():].lstrip().startswith("(")
        if not called and match.group().lower() not in WORDS:
            found.add(match.group())
    return found


def of_alerts(path):
    """[(what it is called, expression)]"""
    document = yaml.safe_load(path.read_text())
    return [(rule["alert"], rule["expr"]) for group in document["groups"]
            for rule in group["rules"]]


def of_dashboard(path):
    """[(the panel's title, expression, labels that its legend names)]"""
    document = json.loads(path.read_text())
    return [(panel["title"], target["expr"],
             re.findall(r"{{\s*(\w+)\s*}}", target.get("legendFormat", "")))
            for panel in document["panels"]
            for target in panel.get("targets", ())]
