"""Fields, values and users that a writer's settings name and the stand-in's organisation lacks, as its owner has them.

Custom objects are not made here: `crm setup` makes them, in the stand-in too.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from bot.crm.config import WriterConfig
from bot.crm.mapping.mapped import Field
from bot.crm.salesforce.fields import mapped
from bot.sandbox.crm.salesforce_objects import Column
from bot.sandbox.crm.salesforce_org import Org

TYPES = {"integer": "double", "number": "double", "boolean": "boolean", "date": "date", "datetime": "datetime"}
ID = re.compile(r"[a-zA-Z0-9]{15}(?:[a-zA-Z0-9]{3})?")


def learn(org: Org, config: WriterConfig) -> None:
    for sobject, field in mapped(config):
        if (target := org.objects.get(sobject)) is not None:
            there = target.columns.get(field.name)
            target.columns[field.name] = _column(field) if there is None else _open(there, field)
    for sobject, match in config.mapping.match.items():
        for name in match:
            org.objects[sobject].columns.setdefault(name, Column(name))
    for named in _people(config):
        org.objects["User"].rows.setdefault(named, {"Id": named, "Name": named})


def _column(field: Field) -> Column:
    return Column(field.name, TYPES.get(field.expr.type, "textarea"), 131_072)


def _open(there: Column, field: Field) -> Column:
    """With the values that the mapping writes, in its own language."""
    values = tuple(str(value) for value in field.expr.options)
    return replace(there, options=tuple(dict.fromkeys((*there.options, *values)))) if there.options else there


def _people(config: WriterConfig) -> Iterator[str]:
    """Users and queues that are named by id."""
    said = [str(value) for _, field in mapped(config) for value in field.expr.options if field.name.endswith("Id")]
    said += [str(one.options.get("owner", "")) for one in config.mapping.sections.get("task", ())]
    yield from (one for one in said if ID.fullmatch(one))
