"""Parses every query of Prometheus' rules (YAML) and Grafana's dashboards (JSON) that it is given; .ci/deploy runs it."""

import json
import sys

import promql_parser
import yaml


def queries(file: str) -> list[tuple[str, str]]:
    with open(file, encoding="utf-8") as text:
        if file.endswith(".json"):
            dashboard = json.load(text)
            found = [
                (panel["title"], target["expr"])
                for panel in dashboard["panels"]
                for target in panel.get("targets", [])
            ]
            found += [(one["name"], one["expr"]) for one in dashboard["annotations"]["list"]]
            # As Grafana fills them in.
            return [(title, query.replace("$__rate_interval", "1m").replace("$instance", ".*")) for title, query in found]
        groups = yaml.safe_load(text)["groups"]
        return [(rule["alert"], rule["expr"]) for group in groups for rule in group["rules"]]


wrong = 0
for file in sys.argv[1:]:
    found = queries(file)
    if not found:
        sys.exit(f"{file}: no queries")
    for name, query in found:
        try:
            promql_parser.parse(query)
        except ValueError as error:
            print(f"{file}: {name}: {error}: {query}", file=sys.stderr)
            wrong += 1
sys.exit(min(wrong, 1))
