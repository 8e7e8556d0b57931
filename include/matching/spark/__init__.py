"""The operations of ``work`` on Apache Spark, by the same rules on each part of a table; pyspark is imported here only."""
