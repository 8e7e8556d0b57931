"""What OpenLineage is told of a task: the datasets that its stage read and wrote, by the provider's own event.

Nothing is told, and nothing is imported, where OpenLineage is not set up (`AIRFLOW__OPENLINEAGE__TRANSPORT`).
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from typing import Any

from airflow.providers.openlineage import conf

log = logging.getLogger(__name__)


def tell(done: Any) -> None:
    """Tell of what a task hands on, where that is a stage's answer; what goes wrong with it fails no task."""
    try:
        _tell(done)
    except Exception:  # the stage is done
        log.warning("OpenLineage was not told of this task.", exc_info=True)


def _tell(done: Any) -> None:
    if conf.is_disabled() or not (isinstance(done, Mapping) and ("report" in done or "reads" in done)):
        return
    from airflow.providers.openlineage.api import emit_dataset_lineage
    from kindred_airflow import project
    from openlineage.client.event_v2 import InputDataset, OutputDataset

    from include.operations.lineage import lineage
    from include.storage.postgres.warehouse import warehouse_url

    settings = project().settings
    found = lineage(done, settings.lake_root, warehouse_url(settings, os.environ))
    if found.inputs or found.outputs:
        emit_dataset_lineage(
            inputs=[InputDataset(one.namespace, one.name, facets=_facets(one)) for one in found.inputs],
            outputs=[OutputDataset(one.namespace, one.name, _rows(one), facets=_facets(one)) for one in found.outputs],
        )


def _rows(one: Any) -> dict[str, Any]:
    from openlineage.client.facet_v2 import output_statistics_output_dataset as statistics

    return {"outputStatistics": statistics.OutputStatisticsOutputDatasetFacet(rowCount=one.rows)}


def _facets(one: Any) -> dict[str, Any]:
    """What is known of a dataset, in OpenLineage's words."""
    from openlineage.client import facet_v2 as facets

    told: dict[str, Any] = {"version": facets.dataset_version_dataset.DatasetVersionDatasetFacet(one.version)}
    schema = facets.schema_dataset
    if one.columns:
        told["schema"] = schema.SchemaDatasetFacet(
            [schema.SchemaDatasetFacetFields(c.name, c.type.value, c.description) for c in one.columns]
        )
    if one.copied_from:
        told["columnLineage"] = _copied(one)
    return told


def _copied(one: Any) -> Any:
    from openlineage.client.facet_v2 import column_lineage_dataset as lineage

    source = one.copied_from
    same = lineage.Transformation(type="DIRECT", subtype="IDENTITY")
    return lineage.ColumnLineageDatasetFacet(
        {
            column.name: lineage.Fields([lineage.InputField(source.namespace, source.name, column.name, [same])])
            for column in one.columns
        }
    )
